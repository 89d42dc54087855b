// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Offsets are facts/go_offsets.tsv, checked there against DWARF and live
 * processes; function sets are facts/go-runtime.md 1.3, checked there against
 * MemStats.Mallocs. To add a Go version: one row below, and the tests' list.
 */
#include "base/cleanup.h"
#include "probe/go_runtime.h"

const char go_specialised_marker[] = "runtime.mallocgcSmallScanNoHeaderSC2";
const char go_split_marker[] = "runtime.mallocgcTiny";

#define WHOLE       GO_MALLOC_WHOLE
#define SPLIT       GO_MALLOC_SPLIT
#define SPECIALISED GO_MALLOC_SPECIALISED
#define ANY         (WHOLE | SPLIT | SPECIALISED)

#define MAPS "internal/runtime/maps."

const struct go_function go_functions[] = {
	{"runtime.mallocgc", false, KIND_ALLOC, WHOLE, GROWTH_NONE},
	{"runtime.mallocgcTiny", false, KIND_ALLOC, SPLIT, GROWTH_NONE},
	{"runtime.mallocgcTinySC", true, KIND_ALLOC, SPECIALISED, GROWTH_NONE},
	{"runtime.mallocgcTinySize", true, KIND_ALLOC, SPECIALISED, GROWTH_NONE},
	{"runtime.mallocgcSmallNoScanSC", true, KIND_ALLOC, SPECIALISED, GROWTH_NONE},
	{"runtime.mallocgcSmallScanNoHeaderSC", true, KIND_ALLOC, SPECIALISED, GROWTH_NONE},
	{"runtime.mallocgcSmallNoscan", false, KIND_ALLOC, SPLIT | SPECIALISED, GROWTH_NONE},
	{"runtime.mallocgcSmallScanNoHeader", false, KIND_ALLOC, SPLIT | SPECIALISED, GROWTH_NONE},
	{"runtime.mallocgcSmallScanHeader", false, KIND_ALLOC, SPLIT | SPECIALISED, GROWTH_NONE},
	{"runtime.mallocgcLarge", false, KIND_ALLOC, SPLIT | SPECIALISED, GROWTH_NONE},
	{"runtime.mapassign", false, KIND_MAP_INSERT, ANY, GROWTH_NONE},
	{"runtime.mapassign_fast32", false, KIND_MAP_INSERT, ANY, GROWTH_NONE},
	{"runtime.mapassign_fast32ptr", false, KIND_MAP_INSERT, ANY, GROWTH_NONE},
	{"runtime.mapassign_fast64", false, KIND_MAP_INSERT, ANY, GROWTH_NONE},
	{"runtime.mapassign_fast64ptr", false, KIND_MAP_INSERT, ANY, GROWTH_NONE},
	{"runtime.mapassign_faststr", false, KIND_MAP_INSERT, ANY, GROWTH_NONE},
	/* Classic maps: to 1.23, and with GOEXPERIMENT=noswissmap to 1.25. */
	{"runtime.hashGrow", false, KIND_MAP_GROW, ANY, GROWTH_HASH_GROW},
	{"runtime.(*hmap).newoverflow", false, KIND_MAP_GROW, ANY, GROWTH_NEW_OVERFLOW},
	/* Swiss maps: from 1.24. */
	{MAPS "(*Map).growToTable", false, KIND_MAP_GROW, ANY, GROWTH_GROW_TO_TABLE},
	{MAPS "(*table).grow", false, KIND_MAP_GROW, ANY, GROWTH_TABLE_GROW},
	{MAPS "(*table).split", false, KIND_MAP_GROW, ANY, GROWTH_TABLE_SPLIT},
	/*
	 * All versions: gcWriteBarrier finds the buffer full and calls wbBufFlush,
	 * which, as all up to there, may not be interrupted and so has no stack
	 * check; it goes to the system stack and calls this, which has one.
	 */
	{"runtime.wbBufFlush1", false, KIND_WB_FLUSH, ANY, GROWTH_NONE},
};

const size_t n_go_functions = ARRAY_SIZE(go_functions);

/* clang-format off */
#define ROW(go_minor, g_m_, sp_, bp_, m_curg_, m_p_, mcache_, tiny_, frameless_, header_, small_,  \
	    load_, extra_)                                                                         \
	{                                                                                          \
		.minor = go_minor,                                                                 \
		.layout = {                                                                        \
			.known = 1, .g_m = g_m_, .g_sched_sp = sp_, .g_sched_bp = bp_,             \
			.m_curg = m_curg_, .m_p = m_p_,                                            \
			.p_mcache = mcache_, .mcache_tiny = tiny_,                                 \
			.systemstack_frameless = frameless_,                                       \
			.malloc_header_above = header_, .small_max = small_, .map_load = load_,    \
			.hmap_extra = extra_,                                                      \
		},                                                                                 \
	}

/*
 * header: pointerful objects above 512 bytes got an 8-byte header in Go 1.22
 * (runtime/mbitmap_allocheaders.go), and small objects end that much earlier.
 * load: 6.5 entries a bucket, but for a slip of Go 1.21 (runtime/map.go: loadFactorNum).
 * extra: hmap.extra, behind clearSeq in 1.24 and 1.25 (map_noswiss.go); later there is none.
 */
static const struct go_runtime runtimes[] = {
	/*  minor g.m sched.sp .bp  m.curg m.p p.mcache mcache.tiny frameless header small load extra */
	ROW(18,   48,   56,    104,     192,   208,   64,     16,        1,       0,    32768,  13,  40),
	ROW(19,   48,   56,    104,     192,   208,   64,     16,        1,       0,    32768,  13,  40),
	ROW(20,   48,   56,    104,     192,   208,   64,     16,        1,       0,    32768,  13,  40),
	ROW(21,   48,   56,    104,     192,   208,   64,     16,        0,       0,    32768,  12,  40),
	ROW(22,   48,   56,    104,     192,   208,   64,     16,        0,     512,    32760,  13,  40),
	ROW(23,   48,   56,    104,     192,   208,   56,     16,        0,     512,    32760,  13,  40),
	ROW(24,   48,   56,    104,     192,   208,   56,     24,        0,     512,    32760,  13,  48),
	ROW(25,   48,   56,     96,     184,   200,   56,     24,        0,     512,    32760,  13,  48),
	ROW(26,   48,   56,     96,     184,   208,   56,     24,        0,     512,    32760,  13,  48),
	ROW(27,   48,   56,     96,     184,   208,   56,     24,        0,     512,    32760,  13,  48),
};
/* clang-format on */

int go_runtime_newest(void)
{
	return runtimes[ARRAY_SIZE(runtimes) - 1].minor;
}

const struct go_runtime *go_runtime_find(int minor)
{
	for (size_t i = 0; i < ARRAY_SIZE(runtimes); i++) {
		if (runtimes[i].minor == minor)
			return &runtimes[i];
	}
	return NULL;
}

static const uint16_t size_classes[] = {
	8,     16,    24,    32,    48,    64,    80,    96,    112,   128,   144,   160,
	176,   192,   208,   224,   240,   256,   288,   320,   352,   384,   416,   448,
	480,   512,   576,   640,   704,   768,   896,   1024,  1152,  1280,  1408,  1536,
	1792,  2048,  2304,  2688,  3072,  3200,  3456,  4096,  4864,  5376,  6144,  6528,
	6784,  6912,  8192,  9472,  9728,  10240, 10880, 12288, 13568, 14336, 16384, 18432,
	19072, 20480, 21760, 24576, 27264, 28672, 32768,
};

uint16_t go_size_class(size_t size)
{
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(size_classes) && size_classes[i] < size)
		i++;
	return size_classes[i];
}

void go_size_tables(uint16_t fine[GO_SIZE_TABLE], uint16_t coarse[GO_SIZE_TABLE])
{
	for (size_t i = 0; i < GO_SIZE_TABLE; i++) {
		fine[i] = go_size_class(i * 8);
		coarse[i] = go_size_class(1024 + i * 128);
	}
}
