// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The flame graph page: viewer/viewer.html with its style, its scripts and the
 * profile put in at the marked places, so that one file is all there is.
 *
 * Names come from the target and may hold anything, "</script><script>" first of
 * all. Markup knows no escape inside a script element, but JSON does: outside of
 * its strings JSON has no '<', so writing each one as \u003c leaves nothing that
 * could end the element or open a comment in it. The page itself shows names as
 * text only, and its policy forbids it to load anything.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "export/exporter.h"
#include "export/html_data.h"

/* Made of the files by ld -r -b binary (Makefile). */
#define DECLARE_ASSET(name)                                                   \
	extern const char _binary_user_export_viewer_viewer_##name##_start[]; \
	extern const char _binary_user_export_viewer_viewer_##name##_end[]
#define ASSET(name)                                                    \
	{                                                              \
		_binary_user_export_viewer_viewer_##name##_start,      \
			_binary_user_export_viewer_viewer_##name##_end \
	}

DECLARE_ASSET(html);
DECLARE_ASSET(theme_css);
DECLARE_ASSET(parts_css);
DECLARE_ASSET(tables_css);
DECLARE_ASSET(timeline_css);
DECLARE_ASSET(format_js);
DECLARE_ASSET(data_js);
DECLARE_ASSET(cycles_js);
DECLARE_ASSET(layout_js);
DECLARE_ASSET(search_js);
DECLARE_ASSET(palette_js);
DECLARE_ASSET(paint_js);
DECLARE_ASSET(flame_js);
DECLARE_ASSET(details_js);
DECLARE_ASSET(header_js);
DECLARE_ASSET(table_js);
DECLARE_ASSET(sites_js);
DECLARE_ASSET(types_js);
DECLARE_ASSET(maps_js);
DECLARE_ASSET(gc_js);
DECLARE_ASSET(leaks_js);
DECLARE_ASSET(processes_js);
DECLARE_ASSET(lanes_js);
DECLARE_ASSET(timeline_js);
DECLARE_ASSET(tabs_js);
DECLARE_ASSET(diff_js);
DECLARE_ASSET(difftables_js);
DECLARE_ASSET(theme_js);
DECLARE_ASSET(main_js);
DECLARE_ASSET(start_js);

struct asset {
	const char *start, *end;
};

static const struct asset page = ASSET(html);
static const struct asset style[] = {ASSET(theme_css), ASSET(parts_css), ASSET(tables_css),
				     ASSET(timeline_css)};
/* Each may use what those before it declare. */
static const struct asset script[] = {
	ASSET(format_js),    ASSET(data_js),       ASSET(cycles_js),   ASSET(layout_js),
	ASSET(search_js),    ASSET(palette_js),    ASSET(paint_js),    ASSET(flame_js),
	ASSET(details_js),   ASSET(header_js),     ASSET(table_js),    ASSET(sites_js),
	ASSET(types_js),     ASSET(maps_js),       ASSET(gc_js),       ASSET(leaks_js),
	ASSET(processes_js), ASSET(lanes_js),      ASSET(timeline_js), ASSET(tabs_js),
	ASSET(diff_js),      ASSET(difftables_js), ASSET(theme_js),    ASSET(main_js),
	ASSET(start_js),
};

static void put(FILE *out, const char *start, const char *end)
{
	fwrite(start, 1, (size_t)(end - start), out);
}

static void put_assets(FILE *out, const struct asset *assets, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put(out, assets[i].start, assets[i].end);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* JSON fit for a script element, and without the white space between its tokens. */
static void put_json(FILE *out, const char *json, size_t len)
{
	bool in_string = false;
	size_t from = 0; /* where what is not written yet begins */

	for (size_t i = 0; i < len; i++) {
		char c = json[i];

		if (c == '"')
			in_string = !in_string;
		if (c == '\\')
			i++; /* what it escapes is no quote */
		if (c != '<' && (in_string || !is_space(c)))
			continue;
		put(out, json + from, json + i);
		if (c == '<')
			fputs("\\u003c", out);
		from = i + 1;
	}
	put(out, json + from, json + len);
}

/* The part of the template up to @marker; moves *at behind the marker. */
static void put_until(FILE *out, const char **at, const char *marker)
{
	const char *found = memmem(*at, (size_t)(page.end - *at), marker, strlen(marker));

	put(out, *at, found);
	*at = found + strlen(marker);
}

int html_page_write(int (*write_data)(const void *what, FILE *out), const void *what, FILE *out)
{
	__auto_free char *json = NULL;
	const char *at = page.start;
	size_t len = 0;
	FILE *memory = open_memstream(&json, &len);
	int err;

	if (!memory)
		return -ENOMEM;
	err = write_data(what, memory);
	/* A stream into memory fails for want of memory only. */
	if (!err && ferror(memory))
		err = -ENOMEM;
	if (fclose(memory) && !err)
		err = -ENOMEM;
	if (err)
		return err;
	put_until(out, &at, "@STYLE@");
	put_assets(out, style, ARRAY_SIZE(style));
	put_until(out, &at, "@DATA@");
	put_json(out, json, len);
	put_until(out, &at, "@SCRIPT@");
	put_assets(out, script, ARRAY_SIZE(script));
	put(out, at, page.end);
	return 0;
}

static int html_write(const struct profile *p, const struct export_options *opts, FILE *out)
{
	struct html_data data = {p, opts ? opts->suppressions : NULL};

	return html_page_write(html_data_write, &data, out);
}

const struct exporter exporter_html = {
	.name = "html",
	.suffix = ".html",
	.help = "flame graph page",
	.write = html_write,
};
