// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Colours. The hue says what a function belongs to; viewer.css defines one per
 * category and theme ("--go: 158 38 68", in hue, saturation, lightness), and the
 * few shades made of it here keep neighbours of different packages apart. An
 * inlined frame is the same shade nearer to the background.
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

		this.text = value("box-text");
		this.faintText = value("muted");
		this.match = value("match");
		this.matchText = value("match-text");
		this.root = value("root");
		this.fills = CATEGORIES.flatMap(({key}) => {
			const [h, s, l] = value(key).split(" ").map(Number);
			const shades = [0, pale].map(inlined => Array.from({length: SHADES}, (_, i) => {
				const step = i - (SHADES - 1) / 2;

				return `hsl(${h + step * 5} ${s}% ${l + step * 1.8 + inlined}%)`;
			}));

			return shades.flat();
		});
	}

	fill(func, inlined) {
		return this.fills[(this.categoryOf[func] * 2 + inlined) * SHADES + this.shadeOf[func]];
	}

	/* The middle shade, for the legend. */
	sample(category, inlined) {
		return this.fills[(category * 2 + inlined) * SHADES + (SHADES >> 1)];
	}
}

function textHash(text) {
	let h = 0;

	for (let i = 0; i < text.length; i++)
		h = (Math.imul(h, 31) + text.charCodeAt(i)) | 0;
	return (h ^ (h >>> 15)) >>> 0;
}
