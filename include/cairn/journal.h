/* journal.h -- the journal, the implementation behind `journal:DIR` and a bare path.
 *
 * An append-only log of hash-chained records in segment files, with a small LMDB index beside it that
 * can be lost. docs/format.md has the bytes, docs/protocol.md the order in which they are written.
 *
 * Sizes. A label is UTF-8 of at most CAIRN_JOURNAL_LABEL_MAX bytes; data is at most
 * CAIRN_JOURNAL_DATA_MAX bytes. A record takes 96 bytes beside its label and data. Space is written
 * ahead in segments of 1 MiB, then 2, and so on up to 16 MiB, or 64 where data is of 256 KiB and more, for
 * which it is only allocated (larger for a larger record; smaller when the disk is almost full), and one
 * segment more is kept prepared while a process appends. Compact, Clear and Complete give space back, but for
 * four segments that are kept to be used again: of 512 MiB in all, and a quarter of what the disk has free,
 * at most.
 *
 * Descriptors. Up to 512 segments are kept open, but no more than an eighth of the files that the process may
 * have when it opens the journal, and four at least; beside them some ten.
 *
 * Place. A journal has a directory of its own. It is made in one that is new or empty; names that begin with
 * a dot, and lost+found, do not matter. Anything else that is there is CAIRN_ENOTDIR, and nothing is touched.
 *
 * Ids. `NNNNNNNN@G`: the checkpoint's number N, from 0, in at least eight digits, and the generation G,
 * from 1, which Compact, Clear and Complete advance. An id is never given twice in the life of a journal (but
 * see Damage).
 *
 * Threads and processes. Any number of threads, of any number of processes in one PID namespace of one
 * host, may use one journal at once, to read and to write, and may be killed at any moment. Processes of
 * different PID namespaces (containers that share a volume) may do so one after the other: whoever comes
 * while another is there gets CAIRN_EHOST. A directory opened twice in a process is one journal with two
 * handles. After fork() the child opens its own handle; with an inherited one every call but cairn_close()
 * fails with CAIRN_EFORKED. (A child made by a bare clone system call, past libc's fork(), is not noticed.)
 *
 * Durability. When cairn_checkpoint() returns an id, the record has been written and fdatasync() of its
 * segment has succeeded after that; one fdatasync serves all who wait at that moment, and one write all
 * threads of a process that have come by then, but those with data of 256 KiB and more, each of which writes
 * its own. It is as durable as the file system's and the disk's own word for fdatasync. So threads wait for
 * one another: one that has the processor only when nobody else wants it (SCHED_IDLE) can hold up all that
 * record, those of real-time priority, too.
 *
 * Damage. What the medium loses is found by checksums. Checkpoints before and after the damage stay
 * readable; a damaged one fails with CAIRN_ECORRUPT, by name. cairn_latest() fails so if the newest
 * checkpoint is damaged, until cairn_repair() has accepted the loss. What the medium fails to read, again and
 * again, gives CAIRN_EIO, by name, too; it may be had another time. If who opens the journal first
 * meets that, nothing can be recorded until it is opened anew and all can be read, or is given up
 * (CAIRN_LOSE_UNREAD, which `cairn repair` sets). The one case that cannot be told from a torn tail, and is
 * treated as one, is damage that reaches from some record to the very end of the log, past all that vouches
 * for it, before the index was committed or a new segment begun; the ids lost so may be given again. Closing
 * commits the index.
 *
 * A failed sync. After fdatasync has failed, it is not tried again on that file: the segment is given up
 * at its durable end, and the records that were waiting are written to a new one. If that fails too, the
 * calls in flight and all later ones on the journal's handles fail with CAIRN_EIO, until a handle is
 * opened anew.
 */
#ifndef CAIRN_JOURNAL_H
#define CAIRN_JOURNAL_H

#define CAIRN_JOURNAL_LABEL_MAX 65535u      /* bytes */
#define CAIRN_JOURNAL_DATA_MAX  0x40000000u /* bytes: 1 GiB */

#endif
