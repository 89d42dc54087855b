// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Quantities and names as people read them. The numbers come out as the text
 * report writes them (user/base/units.c), so that the two can be compared by eye.
 */

function scaled(value, base, names) {
	let unit = 0;

	while (value >= base && unit + 1 < names.length) {
		value /= base;
		unit++;
	}
	const digits = Number.isInteger(value) && unit === 0 ? 0 : value < 10 && unit > 0 ? 2 : 1;
	return value.toFixed(digits) + (names[unit] && "\u202f" + names[unit]);
}

const formatBytes = n => scaled(n, 1024, ["B", "kB", "MB", "GB", "TB", "PB", "EB"]);
const formatCount = n => scaled(n, 1000, ["", "k", "M", "G", "T", "P", "E"]);
const formatDuration = ns => scaled(ns, 1000, ["ns", "\u00b5s", "ms", "s"]);
const formatExact = n => n.toLocaleString("en-US");

/* A share that is not zero never reads as zero. */
function formatShare(part, whole) {
	if (!whole)
		return "\u2013";
	const percent = part / whole * 100;
	const text = percent > 0 && percent < 0.05 ? "<0.1" : percent.toFixed(1);
	return text + "\u202f%";
}

/*
 * "github.com/a/b.(*Cache[github.com/c/d.Key]).Get" becomes
 * "b.(*Cache[github.com/c/d.Key]).Get": only the path in front of the package
 * goes, so slashes inside a receiver or type argument do not count.
 */
function shortName(name) {
	const end = name.search(/[[(]/);
	const head = end < 0 ? name : name.slice(0, end);

	return name.slice(head.lastIndexOf("/") + 1);
}

/*
 * "map[github.com/a/b.Key]*github.com/c/d.Value" becomes "map[b.Key]*d.Value": type
 * names have no file paths, only those of packages, as arguments of generic types.
 */
const shortType = name =>
	name.split(/([[\](){}*, ])/).map(part => part.slice(part.lastIndexOf("/") + 1)).join("");

/* What frames of one origin have in common, so that they can share a shade. */
function packageOf(name) {
	const cut = name.length - shortName(name).length;
	const end = name.slice(cut).search(/\.|::|[<(]/);

	return end < 0 ? name : name.slice(0, cut + end);
}

/* The last two parts of a path are what people recognise it by. */
const shortPath = path => path.split("/").slice(-2).join("/");

/* For sorting, by code unit: the same order on every machine. */
const compare = (a, b) => a < b ? -1 : a > b ? 1 : 0;

/*
 * Characters that show as nothing, or that turn round what stands beside them
 * (bidirectional overrides), are shown to be there: a name must not pass for another.
 */
const visible = text =>
	text.replace(/[\0-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, "\ufffd");

/* An element with text that is only ever text, whatever a target put into it. */
function el(tag, attributes, ...children) {
	const e = document.createElement(tag);

	for (const [name, value] of Object.entries(attributes || {}))
		e.setAttribute(name, value);
	e.append(...children);
	return e;
}

const byId = id => document.getElementById(id);
