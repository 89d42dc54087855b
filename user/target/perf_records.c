// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * An event that never counts anything, on each CPU, for the records that come with it.
 * The kernel writes them into a ring that we map; a record may wrap around its end, so
 * each is copied before it is looked at.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/vec.h"
#include "target/perf_records.h"

/* Of a CPU's ring: some 1500 records. A power of two. */
#define RING_BYTES (128 * 1024)

struct ring {
	int fd;
	struct perf_event_mmap_page *page; /* RING_BYTES of records follow it */
};

struct perf_records {
	VEC(struct ring) rings;
	int epoll;
	size_t page_bytes;
	unsigned char record[UINT16_MAX + 1]; /* as large as a record can be */
};

static int open_event(int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.size = sizeof(attr),
		.sample_type = PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.mmap = 1,
		.mmap2 = 1,
		.task = 1,
		.comm = 1,
		.comm_exec = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		/* Wake us at each record. */
		.watermark = 1,
		.wakeup_watermark = 1,
	};

	return (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

static int add_ring(struct perf_records *r, int cpu)
{
	struct ring ring = {.fd = open_event(cpu)};
	struct epoll_event interest = {.events = EPOLLIN};
	int err;

	if (ring.fd < 0)
		return -errno;
	ring.page = mmap(NULL, r->page_bytes + RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			 ring.fd, 0);
	if (ring.page == MAP_FAILED) {
		err = -errno;
		close(ring.fd);
		return err;
	}
	err = epoll_ctl(r->epoll, EPOLL_CTL_ADD, ring.fd, &interest) ? -errno
								     : vec_push(&r->rings, ring);
	if (err) {
		munmap(ring.page, r->page_bytes + RING_BYTES);
		close(ring.fd);
	}
	return err;
}

struct perf_records *perf_records_new(void)
{
	struct perf_records *r = calloc(1, sizeof(*r));
	int n_cpus = (int)sysconf(_SC_NPROCESSORS_CONF), err;

	if (!r)
		return NULL;
	r->page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	err = r->epoll < 0 ? -errno : 0;
	for (int cpu = 0; cpu < n_cpus && !err; cpu++) {
		err = add_ring(r, cpu);
		if (err == -ENODEV || err == -ENXIO)
			err = 0; /* switched off */
	}
	if (!err)
		return r;
	perf_records_free(r);
	errno = -err;
	return NULL;
}

void perf_records_free(struct perf_records *r)
{
	if (!r)
		return;
	vec_for_each (&r->rings, ring) {
		munmap(ring->page, r->page_bytes + RING_BYTES);
		close(ring->fd);
	}
	vec_free(&r->rings);
	if (r->epoll >= 0)
		close(r->epoll);
	free(r);
}

int perf_records_fd(const struct perf_records *r)
{
	return r->epoll;
}

static void copy_out(const struct perf_records *r, const struct ring *ring, uint64_t at, void *to,
		     size_t n)
{
	const char *bytes = (const char *)ring->page + r->page_bytes;
	size_t off = at & (RING_BYTES - 1), first = RING_BYTES - off;

	if (first > n)
		first = n;
	memcpy(to, bytes + off, first);
	memcpy((char *)to + first, bytes, n - first);
}

static int take_ring(struct perf_records *r, const struct ring *ring, perf_record_fn fn, void *ctx)
{
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = ring->page->data_tail;
	int err = 0;

	while (tail < head && !err) {
		size_t left = head - tail < sizeof(r->record) ? head - tail : sizeof(r->record);
		struct perf_event_header header;
		struct perf_record record;
		size_t n;

		copy_out(r, ring, tail, &header, sizeof(header));
		copy_out(r, ring, tail, r->record, header.size < left ? header.size : left);
		n = perf_record_parse(r->record, left, &record);
		if (!n) {
			tail = head;
			break;
		}
		tail += n;
		if (record.kind != PERF_RECORD_OTHER)
			err = fn(ctx, &record);
	}
	__atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
	return err;
}

int perf_records_take(struct perf_records *r, perf_record_fn fn, void *ctx)
{
	int err = 0;

	vec_for_each (&r->rings, ring) {
		if (!err)
			err = take_ring(r, ring, fn, ctx);
	}
	return err;
}
