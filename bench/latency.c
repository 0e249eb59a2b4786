/* latency.c -- see latency.h. Below LATENCY_PARTS nanoseconds each has a range of its own. */
#include "latency.h"

static unsigned range_of(uint64_t ns)
{
    if (ns < LATENCY_PARTS)
        return (unsigned)ns;
    const unsigned power = 63u - (unsigned)__builtin_clzll(ns) - 6; /* 2^6 is LATENCY_PARTS */
    const unsigned range = (power + 1) * LATENCY_PARTS + (unsigned)(ns >> power) - LATENCY_PARTS;
    return range < LATENCY_RANGES ? range : LATENCY_RANGES - 1;
}

/* Returns the first nanosecond behind a range. */
static double range_end(unsigned range)
{
    const unsigned power = range / LATENCY_PARTS, part = range % LATENCY_PARTS;

    return power == 0 ? part + 1.0 : (double)((uint64_t)(LATENCY_PARTS + part + 1) << (power - 1));
}

void latency_add(struct latency *latency, uint64_t ns)
{
    latency->counts[range_of(ns)]++;
    latency->calls++;
    latency->sum_ns += ns;
    if (ns > latency->max_ns)
        latency->max_ns = ns;
}

void latency_merge(struct latency *latency, const struct latency *other)
{
    for (unsigned i = 0; i < LATENCY_RANGES; i++)
        latency->counts[i] += other->counts[i];
    latency->calls += other->calls;
    latency->sum_ns += other->sum_ns;
    if (other->max_ns > latency->max_ns)
        latency->max_ns = other->max_ns;
}

double latency_us(const struct latency *latency, double share)
{
    uint64_t below = 0;

    if (latency->calls == 0)
        return 0;
    for (unsigned i = 0; i < LATENCY_RANGES; i++) {
        below += latency->counts[i];
        if ((double)below >= share * (double)latency->calls && below > 0) {
            const double end = range_end(i);
            return (end < (double)latency->max_ns ? end : (double)latency->max_ns) / 1e3;
        }
    }
    return (double)latency->max_ns / 1e3;
}

double latency_mean_us(const struct latency *latency)
{
    return latency->calls == 0 ? 0 : (double)latency->sum_ns / (double)latency->calls / 1e3;
}
