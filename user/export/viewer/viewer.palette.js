// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Colours. The hue says what a function belongs to; viewer.theme.css defines
 * one per category and theme ("--go: 158 37 67", in hue, saturation, lightness),
 * and the few shades made of it here keep neighbours of different packages apart.
 * An inlined frame is the same shade nearer to the background.
 */
const SHADES = 5;

const themeValue = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const themeTriple = name => themeValue(name).split(" ").map(Number);

/* What palettes of all kinds have of the theme in force. */
function readTheme(palette) {
	palette.text = themeValue("box-text");
	palette.faintText = themeValue("muted");
	palette.matchText = themeValue("match-text");
	palette.match = pixelOf(...themeTriple("match"));
}

class Palette {
	constructor(tree) {
		const {functions} = tree.profile;

		this.tree = tree;
		this.shadeOf = Uint8Array.from(functions, f => textHash(packageOf(f.name)) % SHADES);
		this.categoryOf = Uint8Array.from(functions, f => f.category);
		this.reload();
	}

	/* Reads the theme in force. */
	reload() {
		const pale = Number(themeValue("pale"));

		readTheme(this);
		this.root = pixelOf(...themeTriple("root"));
		this.pixels = Uint32Array.from(CATEGORIES.flatMap(({key}) => {
			const [h, s, l] = themeTriple(key);

			return [0, pale].flatMap(paler => Array.from({length: SHADES}, (_, i) => {
				const step = i - (SHADES - 1) / 2;

				return pixelOf(h + step * 5, s, l + step * 1.8 + paler);
			}));
		}));
	}

	/* A pixel without its alpha, for Painter. */
	fill(node) {
		if (node === 0)
			return this.root;
		const func = this.tree.func[node];

		return this.pixels[(this.categoryOf[func] * 2 + this.tree.inlined[node]) * SHADES + this.shadeOf[func]];
	}

	/* What the colours in use mean, each by its middle shade. */
	legend() {
		const {tree, categoryOf, pixels} = this;
		const used = new Set(), inlined = new Set();
		const sample = (category, paler) => cssOf(pixels[(category * 2 + paler) * SHADES + (SHADES >> 1)]);

		for (let node = 1; node < tree.n; node++)
			(tree.inlined[node] ? inlined : used).add(categoryOf[tree.func[node]]);
		const items = [1, 2, 3, 4, 0].filter(c => used.has(c) || inlined.has(c))
			.map(c => ({color: sample(c, 0), text: CATEGORIES[c].name}));

		if (inlined.size)
			items.push({color: sample([...inlined][0], 1), text: "inlined", class: "inlined"});
		return items;
	}
}

/* 0x00bbggrr, as the 32 bits of a pixel lie in memory (little-endian). CSS Color 4, 7.1. */
function pixelOf(h, s, l) {
	const a = s / 100 * Math.min(l / 100, 1 - l / 100);
	const channel = n => {
		const k = (n + h / 30) % 12;

		return Math.round(255 * (l / 100 - a * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
	};

	return channel(4) << 16 | channel(8) << 8 | channel(0);
}

const cssOf = pixel => `rgb(${pixel & 255} ${pixel >> 8 & 255} ${pixel >> 16 & 255})`;

function textHash(text) {
	let h = 0;

	for (let i = 0; i < text.length; i++)
		h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0;
	return (h ^ (h >>> 15)) >>> 0;
}
