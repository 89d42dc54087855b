// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>

#include "base/cursor.h"
#include "target/perf_record.h"

/* What every record but PERF_RECORD_SAMPLE ends with, as perf_records.c asks for it. */
#define TRAILER sizeof(uint64_t)

static enum perf_record_kind parse_mapped(struct cursor *c, struct memory_map *map)
{
	uint64_t length;
	uint32_t major_no, minor_no, protection;

	map->start = cursor_u64(c);
	length = cursor_u64(c);
	map->offset = cursor_u64(c);
	major_no = cursor_u32(c);
	minor_no = cursor_u32(c);
	map->device = makedev(major_no, minor_no);
	map->inode = cursor_u64(c);
	cursor_u64(c); /* the inode's generation */
	protection = cursor_u32(c);
	cursor_u32(c); /* flags */
	map->path = (char *)cursor_cstr(c);
	map->end = map->start + length;
	map->executable = protection & PROT_EXEC;
	if (!cursor_ok(c) || map->end <= map->start || !map->executable)
		return PERF_RECORD_OTHER;
	/* Memory without a file is called so: "//anon". */
	if (!map->inode && !strncmp(map->path, "//", 2))
		map->path += strlen(map->path);
	return PERF_RECORD_MAPPED;
}

size_t perf_record_parse(const void *data, size_t len, struct perf_record *record)
{
	struct perf_event_header header;
	struct cursor c, trailer;

	*record = (struct perf_record){0};
	if (len < sizeof(header))
		return 0;
	memcpy(&header, data, sizeof(header));
	if (header.size < sizeof(header) + TRAILER || header.size > len)
		return 0;
	c = cursor_make(data, header.size - TRAILER);
	trailer = cursor_make((const char *)data + header.size - TRAILER, TRAILER);
	record->time_ns = cursor_u64(&trailer);
	cursor_skip(&c, sizeof(header));
	if (header.type == PERF_RECORD_LOST) {
		cursor_u64(&c); /* the event's id */
		record->missed = cursor_u64(&c);
		record->kind = PERF_RECORD_MISSED;
		return header.size;
	}
	if (header.type != PERF_RECORD_MMAP2 && header.type != PERF_RECORD_COMM)
		return header.size;
	record->pid = cursor_u32(&c);
	cursor_u32(&c); /* the thread */
	if (header.type == PERF_RECORD_MMAP2)
		record->kind = parse_mapped(&c, &record->map);
	else if (header.misc & PERF_RECORD_MISC_COMM_EXEC && cursor_ok(&c))
		record->kind = PERF_RECORD_EXECED;
	return header.size;
}
