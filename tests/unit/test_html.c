// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The flame graph page as a file. How it behaves in a browser is tested by
 * tests/e2e/test_viewer.py, on pages this program writes into $HTML_OUT.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/utf8.h"
#include "export/diff_export.h"
#include "export/exporter.h"
#include "export/frame_tree.h"
#include "fixture_native.h"
#include "html_gc.h"
#include "html_typed.h"

static const struct {
	const char *name;
	struct profile *(*make)(void);
} pages[] = {
	{"shop", page_shop},
	{"lossy", page_lossy},
	{"empty", page_empty},
	{"inserts", page_inserts},
	{"one", page_one},
	{"hostile", page_hostile},
	{"big", page_big},
	{"deep", page_deep},
	{"wide", page_wide},
	{"typed", page_typed},
	{"typed_hostile", page_typed_hostile},
	{"collected", fixture_gc_small},
	{"collected_hotspot", fixture_gc_hotspot},
	{"collected_two", page_collected_two},
	{"collected_hostile", page_collected_hostile},
	{"collected_odd", page_collected_odd},
	{"hour", page_hour},
	{"native", fixture_native},
};

#define N_PAGES (sizeof(pages) / sizeof(pages[0]))

/* The page of @make as a string, the caller's to free. */
static char *render(struct profile *(*make)(void))
{
	struct profile *p = make();
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(p);
	assert_int_equal(exporter_html.write(p, NULL, out), 0);
	fclose(out);
	profile_free(p);
	assert_int_equal(strlen(text), len);
	return text;
}

/* The JSON in the page, cut out in place. */
static char *data_of(char *text)
{
	static const char open[] = "<script type=\"application/json\" id=\"profile\">";
	char *start = strstr(text, open), *end;

	assert_non_null(start);
	start += strlen(open);
	end = strstr(start, "</script>");
	assert_non_null(end);
	*end = 0;
	return start;
}

static void pages_are_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_PAGES; i++) {
		char *text = render(pages[i].make);

		assert_true(utf8_valid(text));
		assert_memory_equal(text, "<!DOCTYPE html>", 15);
		assert_string_equal(text + strlen(text) - 8, "</html>\n");
		assert_int_equal(page_count(text, "@STYLE@"), 0);
		assert_int_equal(page_count(text, "@DATA@"), 0);
		assert_int_equal(page_count(text, "@SCRIPT@"), 0);
		/* The profile and the script: a third end would be a name that got out. */
		assert_int_equal(page_count(text, "</script"), 2);
		assert_int_equal(page_count(text, "<script"), 2);
		assert_int_equal(page_count(text, "<!--"), 2); /* of the template */
		free(text);
	}
}

static void page_names_no_other_host(void **state)
{
	char *text = render(page_empty);

	(void)state;
	assert_int_equal(page_count(text, "http:"), 0);
	assert_int_equal(page_count(text, "https:"), 0);
	assert_int_equal(page_count(text, "src="), 0);
	assert_int_equal(page_count(text, "url("), 0);
	assert_int_equal(page_count(text, "@import"), 0);
	free(text);
}

static void hostile_names_stay_in_their_strings(void **state)
{
	char *text = render(page_hostile), *data = data_of(text);

	(void)state;
	assert_int_equal(page_count(data, "<"), 0);
	assert_true(page_count(data, "\\u003c/script>") > 0);
	/* Escapes of the name are not escapes of ours. */
	assert_true(page_count(data, "\"\\\\u003cb\\\\\\\\\\\"\"") > 0);
	for (const char *c = data; *c; c++)
		assert_true((unsigned char)*c >= 0x20 || *c == '\n');
	assert_int_equal(page_count(data, "\n"), 0);
	free(text);
}

static void same_profile_same_page(void **state)
{
	char *a = render(page_lossy), *b = render(page_lossy);

	(void)state;
	assert_string_equal(a, b);
	free(a);
	free(b);
}

static void no_white_space_in_columns(void **state)
{
	char *text = render(page_big), *data = data_of(text);

	(void)state;
	/* Names of this page have no blank, so what is left is the one in the mode. */
	assert_int_equal(page_count(data, " "), 0);
	free(text);
}

/* --- the tree -------------------------------------------------------------------- */

static const char *node_name(const struct frame_tree *t, uint32_t node)
{
	const struct tree_frame *f = &t->frames.data[t->nodes.data[node].frame];

	return strtab_get(&t->strings, t->functions.data[f->function].name);
}

static void tree_shares_beginnings(void **state)
{
	static const struct page_row rows[] = {
		{"a:1;b:2;c:3", PROFILE_ALLOC, 1, 10},
		{"a:1;b:2;d:4", PROFILE_ALLOC, 1, 20},
		{"a:1;b:5;c:3", PROFILE_ALLOC, 1, 30},
		{"a:1;~b:2;c:3", PROFILE_ALLOC, 1, 40},
	};
	struct profile_builder *b = profile_builder_new();
	struct frame_tree *t;
	struct profile *p;

	(void)state;
	page_target(b, "x", 1);
	page_add_rows(b, 0, rows, 4);
	p = page_finish(b);
	t = frame_tree_new((const struct profile *const[]){p}, 1);
	/* root, a, b:2 {c, d}, b:5 {c}, inlined b:2 {c} */
	assert_int_equal(t->nodes.n, 9);
	assert_int_equal(t->cut, 0);
	for (size_t i = 0; i < 4; i++) {
		uint32_t leaf = t->sources[0].sample_node[i], up = t->nodes.data[leaf].parent;

		assert_string_equal(node_name(t, leaf), i == 1 ? "d" : "c");
		assert_string_equal(node_name(t, up), "b");
		assert_int_equal(t->frames.data[t->nodes.data[up].frame].inlined, i == 3);
	}
	frame_tree_free(t);
	profile_free(p);
}

static void tree_names_targets_and_cuts(void **state)
{
	struct profile *p = page_lossy();
	struct frame_tree *t = frame_tree_new((const struct profile *const[]){p}, 1);
	const struct tree_node *nodes = t->nodes.data;
	size_t truncated = 0, broken = 0;

	(void)state;
	for (uint32_t i = nodes[0].first_child; i != PROFILE_NONE; i = nodes[i].next_sibling) {
		assert_true(!strcmp(node_name(t, i), "server-4711") ||
			    !strcmp(node_name(t, i), "worker-4712"));
	}
	for (uint32_t i = 1; i < t->nodes.n; i++) {
		bool below_target = nodes[nodes[i].parent].parent == PROFILE_NONE
					    ? false
					    : nodes[nodes[i].parent].parent == 0;

		truncated += below_target && !strcmp(node_name(t, i), "[truncated stack]");
		broken += below_target && !strcmp(node_name(t, i), "[broken stack]");
	}
	assert_int_equal(truncated, 1);
	assert_int_equal(broken, 1);
	frame_tree_free(t);
	profile_free(p);
}

/* Two builds: lines moved, f() came to another file and is inlined no more. */
static void tree_of_two_builds_meets_by_name(void **state)
{
	static const struct page_row before = {"a.main:1;~b.f:2;c.g:3", PROFILE_ALLOC, 1, 10};
	static const struct page_row after = {"a.main:1;b.f:2;c.g:3", PROFILE_ALLOC, 1, 20};
	const struct page_row *rows[] = {&before, &after};
	const struct profile *profiles[2];
	struct frame_tree *t;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct profile_builder *b = profile_builder_new();

		/* Processes of another number: their names are one frame, were there several. */
		page_target(b, "x", (uint32_t)i + 1);
		page_target(b, "y", (uint32_t)i + 10);
		page_add_rows(b, 0, rows[i], 1);
		profiles[i] = page_finish(b);
	}
	t = frame_tree_new(profiles, 2);
	/* root, x, main, f, g */
	assert_int_equal(t->nodes.n, 5);
	assert_int_equal(t->sources[0].sample_node[0], t->sources[1].sample_node[0]);
	assert_string_equal(node_name(t, 1), "x");
	frame_tree_free(t);
	profile_free((struct profile *)profiles[0]);
	profile_free((struct profile *)profiles[1]);
}

/* A recording may claim anything: one stack deeper than any there is. */
static void tree_depth_is_bounded(void **state)
{
	struct profile_builder *b = profile_builder_new();
	uint32_t n = FRAME_TREE_MAX_DEPTH + 100;
	uint32_t *stack = calloc(n, sizeof(*stack));
	struct profile_line line = {page_function(b, "main.f"), 1};
	struct profile_sample s = {.objects = 1, .bytes = 16};
	struct frame_tree *t;
	struct profile *p;

	(void)state;
	page_target(b, "x", 1);
	for (uint32_t i = 0; i < n; i++)
		stack[i] = profile_builder_location(b, i, PROFILE_NONE, &line, 1);
	s.stack = profile_builder_stack(b, stack, n, 0);
	profile_builder_sample(b, &s);
	p = page_finish(b);
	t = frame_tree_new((const struct profile *const[]){p}, 1);
	assert_int_equal(t->nodes.n, FRAME_TREE_MAX_DEPTH + 1);
	assert_int_equal(t->sources[0].sample_node[0], FRAME_TREE_MAX_DEPTH);
	assert_int_equal(t->cut, 1);
	frame_tree_free(t);
	profile_free(p);
	free(stack);
}

/* --- pages for the browser ---------------------------------------------------------- */

/* Two recordings compared: twice as long, orders made elsewhere, a map of another type. */
static int write_comparison(const char *dir, const char *name, const struct typed_names *names)
{
	struct profile *profiles[] = {page_typed(), typed_profile(3, 121, names)};
	struct export_options opts = {0};
	struct diff *d = NULL;
	char path[4096];
	int err = -ENOMEM;

	snprintf(path, sizeof(path), "%s/%s.html", dir, name);
	if (profiles[0] && profiles[1]) {
		profiles[1]->duration_ns *= 2;
		d = diff_new((const struct profile *const *)profiles, true);
	}
	if (d)
		err = export_diff(d, &exporter_html, &opts, path);
	diff_free(d);
	profile_free(profiles[0]);
	profile_free(profiles[1]);
	return err;
}

/* What a reader of shop.html must find, from the rows themselves: no tree in between. */
static int write_rows(const char *dir)
{
	char path[4096];
	FILE *out;

	snprintf(path, sizeof(path), "%s/shop.tsv", dir);
	out = fopen(path, "w");
	if (!out)
		return -errno;
	for (size_t i = 0; i < SHOP_ROWS; i++) {
		const struct page_row *r = &shop_rows[i];

		fprintf(out, "%s\t%llu\t%llu\t%s\n",
			r->kind == PROFILE_MAP_INSERT ? "insert" : "alloc",
			(unsigned long long)r->objects, (unsigned long long)r->bytes, r->stack);
	}
	return fclose(out) ? -errno : 0;
}

static int write_pages(const char *dir)
{
	static const struct typed_names changed = {"orders.Order", "Customer",
						   "map[string]*orders.Order"};
	static const struct typed_names hostile = {hostile_names[0], hostile_names[1],
						   hostile_names[2]};
	int err = write_rows(dir);

	if (!err)
		err = write_comparison(dir, "compared", &changed);
	if (!err)
		err = write_comparison(dir, "compared_hostile", &hostile);

	for (size_t i = 0; !err && i < N_PAGES; i++) {
		struct profile *p = pages[i].make();
		char path[4096];
		FILE *out;

		snprintf(path, sizeof(path), "%s/%s.html", dir, pages[i].name);
		out = fopen(path, "w");
		if (!out || !p)
			err = -ENOMEM;
		else
			err = exporter_html.write(p, NULL, out);
		if (out && fclose(out) && !err)
			err = -EIO;
		profile_free(p);
	}
	return err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_whole),
		cmocka_unit_test(page_names_no_other_host),
		cmocka_unit_test(hostile_names_stay_in_their_strings),
		cmocka_unit_test(same_profile_same_page),
		cmocka_unit_test(no_white_space_in_columns),
		cmocka_unit_test(tree_shares_beginnings),
		cmocka_unit_test(tree_names_targets_and_cuts),
		cmocka_unit_test(tree_of_two_builds_meets_by_name),
		cmocka_unit_test(tree_depth_is_bounded),
	};
	const char *dir = getenv("HTML_OUT");

	if (dir)
		return write_pages(dir) ? EXIT_FAILURE : EXIT_SUCCESS;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
