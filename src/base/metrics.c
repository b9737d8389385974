#include "base/metrics.h"

#include <stdatomic.h>

/* Upper bounds in microseconds; the last bucket is open. */
static const int64_t bounds[] = {100, 250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000,
    1000000, 2500000, 5000000, 10000000, 60000000};

struct metric {
    const char *name, *type, *help;
    _Alignas(64) atomic_int_fast64_t value; /* a cache line each: threads count without meeting */
};

struct histogram {
    const char *name, *help;
    _Alignas(64) atomic_int_fast64_t buckets[ARRAY_LEN(bounds) + 1];
    atomic_int_fast64_t sum_us;
};

#define COUNTER "counter"
#define GAUGE "gauge"

static struct metric metrics[METRIC_COUNT] = {
#define METRIC_ROW(metric_name, metric_kind, metric_help)                                                    \
    {.name = #metric_name, .type = (metric_kind), .help = (metric_help)},
    METRIC_LIST(METRIC_ROW)
#undef METRIC_ROW
};

static struct histogram histograms[HISTOGRAM_COUNT] = {
#define HISTOGRAM_ROW(histogram_name, histogram_help) {.name = #histogram_name, .help = (histogram_help)},
    HISTOGRAM_LIST(HISTOGRAM_ROW)
#undef HISTOGRAM_ROW
};

void metric_add(enum metric_id id, int64_t n)
{
    atomic_fetch_add_explicit(&metrics[id].value, n, memory_order_relaxed);
}

void metric_set(enum metric_id id, int64_t value)
{
    atomic_store_explicit(&metrics[id].value, value, memory_order_relaxed);
}

int64_t metric_get(enum metric_id id)
{
    return atomic_load_explicit(&metrics[id].value, memory_order_relaxed);
}

void histogram_observe(enum histogram_id id, int64_t us)
{
    struct histogram *h = &histograms[id];
    size_t i = 0;
    while (i < ARRAY_LEN(bounds) && us > bounds[i])
        i++;
    atomic_fetch_add_explicit(&h->buckets[i], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&h->sum_us, us, memory_order_relaxed);
}

static void render_histogram(struct buf *out, const struct histogram *h)
{
    buf_printf(out, "# HELP herald_%s %s\n# TYPE herald_%s histogram\n", h->name, h->help, h->name);
    int64_t total = 0;
    for (size_t i = 0; i < ARRAY_LEN(bounds); i++) {
        total += atomic_load_explicit(&h->buckets[i], memory_order_relaxed);
        buf_printf(
            out, "herald_%s_bucket{le=\"%g\"} %lld\n", h->name, (double)bounds[i] / 1e6, (long long)total);
    }
    total += atomic_load_explicit(&h->buckets[ARRAY_LEN(bounds)], memory_order_relaxed);
    int64_t sum_us = atomic_load_explicit(&h->sum_us, memory_order_relaxed);
    buf_printf(out, "herald_%s_bucket{le=\"+Inf\"} %lld\n", h->name, (long long)total);
    buf_printf(out, "herald_%s_sum %.6f\nherald_%s_count %lld\n", h->name, (double)sum_us / 1e6, h->name,
        (long long)total);
}

void metrics_render(struct buf *out)
{
    for (int i = 0; i < METRIC_COUNT; i++) {
        const struct metric *m = &metrics[i];
        buf_printf(out, "# HELP herald_%s %s\n# TYPE herald_%s %s\nherald_%s %lld\n", m->name, m->help,
            m->name, m->type, m->name, (long long)metric_get((enum metric_id)i));
    }
    for (int i = 0; i < HISTOGRAM_COUNT; i++)
        render_histogram(out, &histograms[i]);
}
