/* message.h -- whether a call that failed has said why. */
#ifndef OPERATION_MESSAGE_H
#define OPERATION_MESSAGE_H

/* message_count -- how many messages this thread has set so far. */
unsigned long message_count(void);

#endif
