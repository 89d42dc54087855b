// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The table of types, added up from the samples. A struct opens into its layout:
 * where each field is, what is padding, what the heap gives for it, and what
 * another order of the fields would make of it (user/report/type_layout.h).
 */
const TYPE_SITES = 5;

/* By enum go_kind of user/binary/go_kind.h, as reflect names them; 0 is none of the runtime's. */
const GO_KINDS = ["", "bool", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32",
	"uint64", "uintptr", "float32", "float64", "complex64", "complex128", "array", "chan", "func", "interface",
	"map", "pointer", "slice", "string", "struct", "unsafe.Pointer"];

/*
 * Rows of the types something was allocated of, by the samples that @keep lets pass
 * (null: all); sites: [[number, bytes]], most first.
 */
function typeRows(profile, keep) {
	const rows = profile.types.map((type, number) =>
		({...type, number, bytes: 0, objects: 0, average: 0, sites: new Map()}));
	const {type, site, kind} = profile.samples;

	eachAmount(profile, keep, (i, unit, amount) => {
		const row = rows[type[i]];

		if (unit !== BYTES && unit !== OBJECTS)
			return;
		row[UNITS[unit].key] += amount;
		if (unit === BYTES)
			row.sites.set(site[i], (row.sites.get(site[i]) || 0) + amount);
	});
	const found = rows.filter(r => r.objects).map(r => ({
		...r, average: r.bytes / r.objects,
		sites: [...r.sites].sort((a, b) => b[1] - a[1] || a[0] - b[0]),
	}));

	/* Nothing but the unknown: the types were not asked for. */
	return type.some((number, i) => number && kind[i] === KIND_ALLOC) ? found : [];
}

/* @pickType is called with a type's number, @pickSite with a function's name. */
function typeTable(profile, totals, pickType, pickSite) {
	const topSite = r => {
		const {name, short, place} = siteOf(profile, r.sites[0][0]);
		const more = r.sites.length - 1;

		return [el("td", {class: "text place", title: name}, el("span", {class: "code"}, short), place,
			   ...(more ? [el("span", {class: "more-of"}, ` +${formatExact(more)}`)] : []))];
	};

	return new Table({
		id: "types",
		rows: typeRows(profile, null),
		columns: [nameColumn("name", "short", "Type"), shareColumn(BYTES, totals),
			  shareColumn(OBJECTS, totals), numberColumn("average", "Average", formatAverage),
			  {key: "n_sites", head: "Top call site", kind: "text place", cells: topSite}],
		sort: "bytes",
		words: r => [r.name, r.package],
		pick: r => pickType(r.number),
		detail: r => typeDetail(profile, r, pickSite),
		empty: totals[OBJECTS] ? "Types are not in this recording: only those of Go programs are, and not with --no-types." :
			"Nothing was allocated while this was recorded.",
	});
}

function typeDetail(profile, row, pickSite) {
	const facts = [row.package && `package ${row.package}`, GO_KINDS[row.kind],
		       row.size && `${formatExact(row.size)} B`].filter(fact => fact);

	return [el("div", {class: "columns"},
		el("div", {class: "sites-of"}, el("h3", {}, "Allocated in"),
		   ...topSites(profile, row, pickSite)),
		el("div", {class: "layout-of"},
		   el("h3", {}, row.name, ...(facts.length ? [el("small", {}, facts.join(", "))] : [])),
		   ...(row.layout ? layoutParts(row) : [el("p", {}, noLayout(row))])))];
}

function noLayout({kind, number}) {
	if (number === 0)
		return "What was allocated here could not be told.";
	return GO_KINDS[kind] === "struct" ? "Its fields are not in this recording." :
		"Only structs have fields to lay out.";
}

function topSites(profile, row, pickSite) {
	const items = row.sites.slice(0, TYPE_SITES).map(([number, bytes]) => {
		const {name, short, file, place} = siteOf(profile, number);
		const button = el("button", {class: "name-of", title: name}, short);

		button.addEventListener("click", () => pickSite(name));
		return el("li", {}, el("span", {class: "number"}, formatShare(bytes, row.bytes)), button,
			  el("span", {class: "place", title: file}, place));
	});
	const more = row.sites.length - items.length;

	return [el("ul", {}, ...items), ...(more > 0 ? [el("p", {}, `and ${formatExact(more)} more`)] : [])];
}

/* --- layout ------------------------------------------------------------------------- */

/* A struct in sentences, as a strip of its bytes, and as a table of its fields. */
function layoutParts(row) {
	const {layout, size} = row;

	return [
		el("p", {}, ...layoutSentences(row)),
		...(size ? [layoutStrip(layout, size)] : []),
		el("table", {class: "fields"},
		   el("thead", {}, el("tr", {}, ...["Offset", "Size", "Field", "Type", ""].map(head =>
			el("th", {scope: "col"}, head)))),
		   el("tbody", {}, ...layout.fields.flatMap(fieldLines))),
	];
}

function layoutSentences({layout, size}) {
	const {padding, heap_bytes: heap, pointer_fields, fields, optimal_size: optimal} = layout;
	const parts = [`${formatExact(fields.length)} field${fields.length === 1 ? "" : "s"}, ` +
		       `${formatExact(pointer_fields)} with pointers. `,
		       `The heap gives ${formatExact(heap)} B for one: ${heap > size ? formatExact(heap - size) + " B unused" : "no waste"}. `,
		       padding ? el("b", {class: "pad"}, `${formatExact(padding)} B of padding. `) : "No padding. "];

	if (optimal < size) {
		const names = layout.optimal_order.map(visible).join(", ");

		parts.push(`Best order: ${names}: ${formatExact(optimal)} B, for which the heap gives ` +
			   `${formatExact(layout.optimal_heap_bytes)} B. `,
			   el("b", {}, layout.saving_bytes ?
				`That would have saved ${formatBytes(layout.saving_bytes)} of what was recorded.` :
				"The size class is the same: that saves something only inside slices and maps."));
	} else if (padding) {
		parts.push("No order of the fields has less.");
	}
	return parts;
}

function layoutStrip(layout, size) {
	const strip = el("div", {class: "strip", "aria-hidden": "true"});
	const add = (kind, bytes, title, text) => {
		const part = el("span", {class: kind, title}, text);

		part.style.flexGrow = bytes / size;
		strip.append(part);
	};

	for (const f of layout.fields) {
		const name = visible(f.name);

		if (f.size)
			add(f.pointers ? "pointers" : "plain", f.size, `${name}: ${formatExact(f.size)} B`, name);
		if (f.padding)
			add("pad", f.padding, `padding: ${formatExact(f.padding)} B`, "");
	}
	if (layout.heap_bytes > size)
		add("unused", layout.heap_bytes - size, `unused: ${formatExact(layout.heap_bytes - size)} B`, "");
	return strip;
}

function fieldLines(f) {
	const type = visible(f.type);
	const marks = [f.pointers ? "pointers" : "", f.embedded ? "embedded" : ""].filter(mark => mark);
	const lines = [el("tr", {},
		el("td", {class: "number"}, formatExact(f.offset)), el("td", {class: "number"}, formatExact(f.size)),
		el("td", {class: "code"}, visible(f.name)), el("td", {class: "code", title: type}, shortType(type)),
		el("td", {class: "mark"}, marks.join(", ")))];

	if (f.padding)
		lines.push(el("tr", {class: "pad"}, el("td", {class: "number"}, formatExact(f.offset + f.size)),
			      el("td", {class: "number"}, formatExact(f.padding)), el("td", {colspan: 3}, "padding")));
	return lines;
}
