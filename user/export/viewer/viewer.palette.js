// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Colours. The hue says what a function belongs to; viewer.theme.css defines
 * one per category and theme ("--go: 158 37 67", in hue, saturation, lightness),
 * and the few shades made of it here keep neighbours of different packages apart.
 * An inlined frame is the same shade nearer to the background.
 */
const SHADES = 5;

class Palette {
	constructor(functions) {
		this.shadeOf = Uint8Array.from(functions, f => textHash(packageOf(f.name)) % SHADES);
		this.categoryOf = Uint8Array.from(functions, f => f.category);
		this.reload();
	}

	/* Reads the theme in force. */
	reload() {
		const style = getComputedStyle(document.documentElement);
		const value = name => style.getPropertyValue("--" + name).trim();
		const pale = Number(value("pale"));

		const triple = name => value(name).split(" ").map(Number);

		this.text = value("box-text");
		this.faintText = value("muted");
		this.matchText = value("match-text");
		this.match = pixelOf(...triple("match"));
		this.root = pixelOf(...triple("root"));
		this.shades = CATEGORIES.flatMap(({key}) => {
			const [h, s, l] = triple(key);

			return [0, pale].flatMap(paler => Array.from({length: SHADES}, (_, i) => {
				const step = i - (SHADES - 1) / 2;

				return [h + step * 5, s, l + step * 1.8 + paler];
			}));
		});
		this.pixels = Uint32Array.from(this.shades, shade => pixelOf(...shade));
	}

	/* A pixel without its alpha, for Painter. */
	fill(func, inlined) {
		return this.pixels[(this.categoryOf[func] * 2 + inlined) * SHADES + this.shadeOf[func]];
	}

	/* The middle shade as CSS, for the legend. */
	sample(category, inlined) {
		const [h, s, l] = this.shades[(category * 2 + inlined) * SHADES + (SHADES >> 1)];

		return `hsl(${h} ${s}% ${l}%)`;
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

function textHash(text) {
	let h = 0;

	for (let i = 0; i < text.length; i++)
		h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0;
	return (h ^ (h >>> 15)) >>> 0;
}
