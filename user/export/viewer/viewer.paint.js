// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * Drawing the boxes.
 *
 * A row of boxes is the same from its top to its bottom, so it is computed as
 * one line of pixels: an image one pixel per row high, then stretched. Filling
 * an array is a hundred times cheaper than a fillRect() per box, which at 50,000
 * boxes in sight took 200 ms.
 *
 * Work is bounded by the pixels, not by the profile: each step along a row takes
 * at least one of them. Of boxes narrower than a pixel the first stands for all
 * that end in the same one, as strong as together they are wide, and binary
 * search finds the first that reaches beyond it.
 */
const ROW = 20;		/* px; a box is one less, which leaves the line between rows */
const LABEL_MIN = 36;	/* px; below, not enough letters fit to say anything */
const PAD = 5;
const FONT = "11.5px ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

const CONTEXT = 0.55;	/* how strong callers of what is zoomed are */
const FAINT = 0.3;	/* what is not searched for */
const FAINTEST = 0.35;	/* a lone sliver, so that it is seen at all */

class Painter {
	constructor(tree, palette, canvas) {
		this.tree = tree;
		this.palette = palette;
		this.canvas = canvas;
		this.context = canvas.getContext("2d");
		this.strip = document.createElement("canvas");
		this.image = null;
		this.count = 0;
		this.work = {};
	}

	/* Sizes in px of the page; @ratio of the screen's are one of those. */
	resize(width, height, ratio) {
		const {canvas} = this;

		this.width = width;
		this.ratio = ratio;
		canvas.width = Math.round(width * ratio);
		canvas.height = Math.round(height * ratio);
		canvas.style.width = width + "px";
		canvas.style.height = height + "px";
	}

	/*
	 * Draws @rows, from the one on top down, the first at @y, from x @from to @to of
	 * @layout. Rows below @depth are the way to what is zoomed. @search may be null.
	 */
	paint({layout, rows, y, from, to, depth, search}) {
		const started = performance.now();
		const {context, canvas, ratio} = this;

		this.count++;
		this.work = {rects: 0, slivers: 0, labels: 0, searches: 0};
		this.labels = [];
		context.setTransform(1, 0, 0, 1, 0, 0);
		context.clearRect(0, 0, canvas.width, canvas.height);
		if (canvas.width && rows.length) {
			const pixels = this.newStrip(rows.length);

			rows.forEach((row, line) => this.cover({
				layout, row, from, to, search, y: y + line * ROW,
				pixels: pixels.subarray(line * canvas.width, (line + 1) * canvas.width),
				strength: row < depth ? CONTEXT : 1,
			}));
			this.stretch(rows.length, y);
			context.setTransform(ratio, 0, 0, ratio, 0, 0);
			this.paintLabels();
		}
		this.work.ms = performance.now() - started;
	}

	/* An empty image with a line of pixels per row; 32 bits each, alpha highest. */
	newStrip(n) {
		const {strip, canvas} = this;

		if (!this.image || strip.width !== canvas.width || strip.height !== n) {
			strip.width = canvas.width;
			strip.height = n;
			this.image = strip.getContext("2d").createImageData(canvas.width, n);
		}
		const pixels = new Uint32Array(this.image.data.buffer);

		pixels.fill(0);
		return pixels;
	}

	cover({layout, row, from, to, search, y, pixels, strength}) {
		const {work, ratio} = this;
		const scale = pixels.length / (to - from);
		const end = layout.rows[row + 1];
		let slot = layout.firstAfter(row, from);
		let free = 0;

		work.searches++;
		while (slot < end && layout.x0[slot] < to && free < pixels.length) {
			const left = Math.max(0, (layout.x0[slot] - from) * scale);
			const right = Math.min(pixels.length, (layout.x1[slot] - from) * scale);
			const node = layout.node[slot];
			const match = search !== null && node > 0 && search.functions[this.tree.func[node]] === 1;
			const faint = search !== null && node > 0 && !match;
			const alpha = strength * (faint ? FAINT : 1);

			if (right - left >= 1) {
				const begin = Math.max(free, Math.round(left));
				const stop = Math.max(begin + 1, Math.round(right));
				/* A gap between neighbours, as long as it leaves something of the box. */
				const gap = stop - begin > 3 * ratio ? Math.max(1, Math.floor(ratio)) : 0;

				pixels.fill(this.color(node, match, alpha), begin, stop - gap);
				work.rects++;
				if ((right - left) / ratio >= LABEL_MIN)
					this.labels.push({node, match, faint, strength, y,
							  x: left / ratio, width: (right - left) / ratio});
				free = stop;
				slot++;
			} else {
				const at = Math.max(free, Math.floor(left));
				const edge = from + (at + 1) / scale;
				const next = Math.max(slot + 1, layout.firstAfter(row, edge));
				const wide = (layout.x1[next - 1] - layout.x0[slot]) * scale;

				pixels[at] = this.color(node, match, alpha * Math.min(1, Math.max(FAINTEST, wide)));
				work.slivers++;
				work.searches++;
				free = at + 1;
				slot = next;
			}
		}
	}

	color(node, match, alpha) {
		const {palette} = this;
		const rgb = match ? palette.match : palette.fill(node);

		return (rgb | Math.round(alpha * 255) << 24) >>> 0;
	}

	stretch(n, y) {
		const {context, canvas, ratio, strip} = this;

		strip.getContext("2d").putImageData(this.image, 0, 0);
		context.imageSmoothingEnabled = false;
		context.drawImage(strip, 0, 0, canvas.width, n,
				  0, y * ratio, canvas.width, n * ROW * ratio);
		for (let line = 0; line < n; line++)
			context.clearRect(0, (y + (line + 1) * ROW - 1) * ratio, canvas.width, ratio);
	}

	paintLabels() {
		const {context, palette, tree} = this;

		context.textBaseline = "middle";
		context.font = FONT;
		const letter = context.measureText("m").width;

		for (const {node, match, faint, strength, x, y, width} of this.labels) {
			const room = width - 2 * PAD;
			const name = tree.shortName(node);
			const letters = Math.floor(room / letter);
			const label = name.length <= letters ? name : name.slice(0, letters - 1) + "\u2026";

			this.work.labels++;
			context.globalAlpha = strength;
			context.fillStyle = match ? palette.matchText : faint ? palette.faintText : palette.text;
			context.font = tree.inlined[node] ? "italic " + FONT : FONT;
			/* Letters outside the font may be wider than "m": the limit squeezes them in. */
			context.fillText(label, x + PAD, y + ROW / 2, room);
		}
		context.globalAlpha = 1;
	}
}
