/* contract.h -- the contract of the interface (cairn/operation.h), one test after the other. */
#ifndef CONFORMANCE_CONTRACT_H
#define CONFORMANCE_CONTRACT_H

#include "check.h"

void contract_life(struct suite *suite);    /* opening, reading only, contexts, closing */
void contract_methods(struct suite *suite); /* what each method does */
void contract_others(struct suite *suite);  /* several handles, threads and processes */

#endif
