/* latency.h -- how long calls took: a count for each range of nanoseconds, whose ends are less than 2 %
 * apart. */
#ifndef BENCH_LATENCY_H
#define BENCH_LATENCY_H

#include <stdint.h>

#define LATENCY_PARTS  64u                   /* of each power of two */
#define LATENCY_RANGES (LATENCY_PARTS * 40u) /* up to some 18 minutes */

struct latency {
    uint64_t calls, sum_ns, max_ns;
    uint64_t counts[LATENCY_RANGES];
};

void latency_add(struct latency *latency, uint64_t ns);

/* Adds what the other one has. */
void latency_merge(struct latency *latency, const struct latency *other);

/* Returns the microseconds that this share of the calls (0.5 for the median) did not exceed; 0 if there are
 * none. */
double latency_us(const struct latency *latency, double share);

double latency_mean_us(const struct latency *latency);

#endif
