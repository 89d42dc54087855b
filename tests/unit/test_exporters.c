// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * UPDATE_GOLDEN=1 writes the files under tests/golden/ anew instead of comparing
 * with them; look at the difference then.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <pty.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/utf8.h"
#include "capture.h"
#include "export/json_writer.h"
#include "exported.h"
#include "golden.h"
#include "fixture.h"
#include "report/type_names.h"

/* The place of that type in fixture_small(). */
static uint32_t fixture_find_type(const char *name)
{
	struct profile *p = fixture_small(1);
	struct type_matches m;

	assert_int_equal(type_names_find(p, name, &m), 0);
	assert_int_equal(m.n, 1);
	assert_false(m.near);
	profile_free(p);
	return m.types[0];
}

static void check_golden(const char *name, const struct exporter *e, unsigned int n_targets,
			 struct export_options opts)
{
	struct profile *p = fixture_small(n_targets);
	size_t len;
	__auto_free char *text = export_text(p, e, opts, &len);

	profile_free(p);
	golden_check(name, text, len);
}

static void goldens_hold(void **state)
{
	struct export_options bytes = {.unit = UNIT_BYTES}, top = {.top = 3};
	struct export_options objects = {.unit = UNIT_OBJECTS}, inserts = {.unit = UNIT_INSERTS};
	struct export_options types = {.unit = UNIT_BYTES, .by = BY_TYPE};

	(void)state;
	check_golden("report.txt", &exporter_text, 1, bytes);
	check_golden("report_top3.txt", &exporter_text, 2, top);
	check_golden("report.json", &exporter_json, 2, bytes);
	check_golden("bytes.folded", &exporter_folded, 1, bytes);
	check_golden("objects.folded", &exporter_folded, 2, objects);
	check_golden("inserts.folded", &exporter_folded, 2, inserts);
	check_golden("types.folded", &exporter_folded, 2, types);
}

static void views_hold(void **state)
{
	struct export_options types = {.view = VIEW_TYPES}, one = {.view = VIEW_TYPES, .top = 1};
	struct export_options escapes = {.escapes = true};
	struct export_options layout = {.layout = fixture_find_type("main.item")};

	(void)state;
	check_golden("types.txt", &exporter_text, 2, types);
	check_golden("types_top1.txt", &exporter_text, 1, one);
	check_golden("layout.txt", &exporter_text, 1, layout);
	check_golden("escapes.txt", &exporter_text, 1, escapes);
}

static void formats_are_found(void **state)
{
	(void)state;
	assert_ptr_equal(exporter_for_path("x.atap"), &exporter_atap);
	assert_ptr_equal(exporter_for_path("/tmp/x.pb.gz"), &exporter_pprof);
	assert_ptr_equal(exporter_for_path("a.txt.html"), &exporter_html);
	assert_ptr_equal(exporter_for_path("x.json"), &exporter_json);
	assert_ptr_equal(exporter_for_path("x.folded"), &exporter_folded);
	assert_ptr_equal(exporter_for_path("x.txt"), &exporter_text);
	assert_null(exporter_for_path("x.gz"));
	assert_null(exporter_for_path("x.pb"));
	assert_null(exporter_for_path("txt"));
	assert_null(exporter_for_path(""));
	assert_ptr_equal(exporter_by_name("pprof"), &exporter_pprof);
	assert_null(exporter_by_name("ppro"));
	assert_null(exporter_by_name(""));
	for (size_t i = 0; i < n_exporters; i++) {
		assert_ptr_equal(exporter_by_name(exporters[i]->name), exporters[i]);
		assert_ptr_equal(exporter_for_path(exporters[i]->suffix), exporters[i]);
		assert_true(strlen(exporters[i]->help) > 10);
	}
}

static void folded_lines_add_up(void **state)
{
	struct profile *p = fixture_big(3000, 30);
	struct profile_totals t = profile_totals(p);
	size_t len;
	__auto_free char *folded =
		export_text(p, &exporter_folded, (struct export_options){0}, &len);
	uint64_t bytes = 0, lines = 0;

	(void)state;
	for (char *next = folded, *line; (line = strsep(&next, "\n")) && *line; lines++) {
		char *value = strrchr(line, ' ');

		assert_non_null(value);
		bytes += strtoull(value, NULL, 10);
	}
	assert_int_equal(bytes, t.alloc_bytes);
	assert_in_range(lines, 2900, 3000);
	profile_free(p);
}

static void folded_lines_count_one_kind(void **state)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t target = fixture_target(b, 1, "x"), stack = profile_builder_stack(b, NULL, 0, 0);
	struct profile_sample flushes = {
		.target = target, .stack = stack, .kind = PROFILE_WB_FLUSH, .objects = 17};
	struct profile_live live = {.target = target, .stack = stack, .objects = 1, .bytes = 24};
	static const char *const expected[UNIT_MAX] = {"64", "2", "5", "17", "24", "1"};
	struct profile *p;

	(void)state;
	fixture_alloc(b, target, stack, fixture_type(b, "[string; bytes]"), 2, 64, 40);
	fixture_insert(b, target, stack, "map[int]int", 5);
	assert_int_equal(profile_builder_sample(b, &flushes), 0);
	assert_int_equal(profile_builder_live(b, &live), 0);
	p = fixture_finish(b);
	for (enum export_unit unit = 0; unit < UNIT_MAX; unit++) {
		struct export_options opts = {.unit = unit, .by = BY_TYPE};
		__auto_free char *by_type = NULL, *by_stack = NULL;
		char line[64];
		size_t len;

		by_stack = export_text(p, &exporter_folded, (struct export_options){.unit = unit},
				       &len);
		snprintf(line, sizeof(line), "[no stack] %s\n", expected[unit]);
		assert_string_equal(by_stack, line);
		if (unit > UNIT_OBJECTS)
			continue;
		by_type = export_text(p, &exporter_folded, opts, &len);
		snprintf(line, sizeof(line), "[no stack];[string: bytes] %s\n", expected[unit]);
		assert_string_equal(by_type, line);
	}
	profile_free(p);
}

static void an_empty_profile_has_all_formats(void **state)
{
	struct profile *p = fixture_finish(profile_builder_new());
	Pprof__Profile *m = export_pprof(p);
	__auto_free char *folded = NULL, *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(m->n_sample, 0);
	assert_int_equal(m->n_sample_type, 5);
	pprof__profile__free_unpacked(m, NULL);
	folded = export_text(p, &exporter_folded, (struct export_options){0}, &len);
	assert_string_equal(folded, "");
	text = export_text(p, &exporter_text, (struct export_options){0}, &len);
	assert_non_null(strstr(text, "\nlost         nothing\n"));
	assert_non_null(strstr(text, "\nNothing was allocated"));
	profile_free(p);
}

/* What a terminal of that width is shown. */
static void show(const struct profile *p, const struct export_options *opts, unsigned short width,
		 char *text, size_t size)
{
	struct winsize window = {.ws_row = 24, .ws_col = width};
	size_t len = 0;
	ssize_t n;
	int screen, status;
	pid_t child = forkpty(&screen, NULL, NULL, &window);

	assert_true(child >= 0);
	if (!child)
		_exit(exporter_text.write(p, opts, stdout) || fflush(stdout));
	/* EIO once the other end is closed. */
	while ((n = read(screen, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = 0;
	close(screen);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* No row of the table is wider than the terminal. */
static void check_width(const struct profile *p, const struct export_options *opts,
			unsigned short width)
{
	char text[16384], *table;

	show(p, opts, width, text, sizeof(text));
	assert_null(strchr(text, '\x1b'));
	table = strstr(text, opts->layout ? " offset " : " rank ");
	assert_non_null(table);
	for (char *line; (line = strsep(&table, "\n")) && *line != '\r';) {
		if (utf8_length(line) > (size_t)width + 1)
			fail_msg("%zu columns of %u: %s", utf8_length(line) - 1, width, line);
	}
}

static void text_fits_its_terminal(void **state)
{
	static const unsigned short widths[] = {60, 80, 100, 132};
	const struct export_options views[] = {
		{0},
		{.view = VIEW_TYPES},
		{.view = VIEW_TYPES, .top = 1},
		{.layout = fixture_find_type("main.item")},
		{.escapes = true},
		{.escapes = true, .top = 1},
	};
	struct profile *p = fixture_small(1);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(views); j++)
			check_width(p, &views[j], widths[i]);
	}
	profile_free(p);
}

static void json_escapes(void **state)
{
	__auto_free char *text = NULL;
	struct json_writer w;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	w = json_writer_make(out);
	json_array(&w, NULL);
	json_string(&w, NULL, "\"\\/\b\x01\x7f\n");
	json_string(&w, NULL, "\xc3\xa4\xff\xe2\x82");
	json_double(&w, NULL, NAN);
	json_double(&w, NULL, -HUGE_VAL);
	json_double(&w, NULL, 0.1);
	json_uint(&w, NULL, UINT64_MAX);
	json_object(&w, NULL);
	json_end(&w);
	json_object(&w, NULL);
	json_array(&w, "a\n");
	json_uint(&w, NULL, 1);
	json_uint(&w, NULL, 2);
	json_end(&w);
	json_end(&w);
	json_end(&w);
	fclose(out);
	assert_string_equal(text, "[\n\t\"\\\"\\\\/\\u0008\\u0001\\u007f\\u000a\",\n"
				  "\t\"\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\n"
				  "\tnull,\n\tnull,\n\t0.1,\n\t18446744073709551615,\n\t{},\n"
				  "\t{\n\t\t\"a\\u000a\": [1, 2]\n\t}\n]\n");
}

static int failing_write(const struct profile *p, const struct export_options *opts, FILE *out)
{
	(void)p;
	(void)opts;
	fputs("half of it", out);
	return -ENOMEM;
}

static void files_are_whole_or_not_there(void **state)
{
	const struct exporter failing = {.write = failing_write};
	struct export_options opts = {0};
	char dir[] = "/tmp/test_exporters.XXXXXX", path[64], said[512], expected[128];
	struct profile *p = fixture_small(1);
	struct capture c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/x.atap", dir);
	c = capture_begin();
	assert_int_equal(export_profile(p, &failing, &opts, path), -ENOMEM);
	capture_end(&c, said, sizeof(said));
	snprintf(expected, sizeof(expected),
		 "alloctap: %s: cannot be written: Cannot allocate memory\n", path);
	assert_string_equal(said, expected);
	/* Nothing is left, not even beside it. */
	assert_int_equal(rmdir(dir), 0);

	for (size_t i = 0; i < n_exporters; i++) {
		c = capture_begin();
		assert_int_equal(export_profile(p, exporters[i], &opts, "/dev/full"), -ENOSPC);
		capture_end(&c, said, sizeof(said));
		assert_string_equal(said, "alloctap: /dev/full: cannot be written: No space left "
					  "on device\n");
	}
	profile_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(goldens_hold),
		cmocka_unit_test(views_hold),
		cmocka_unit_test(formats_are_found),
		cmocka_unit_test(folded_lines_add_up),
		cmocka_unit_test(folded_lines_count_one_kind),
		cmocka_unit_test(an_empty_profile_has_all_formats),
		cmocka_unit_test(text_fits_its_terminal),
		cmocka_unit_test(json_escapes),
		cmocka_unit_test(files_are_whole_or_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
