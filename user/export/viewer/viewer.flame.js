// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The flame graph on its canvas.
 *
 * The canvas is as large as what is seen of it, never as the whole graph: a
 * browser draws nothing on one higher than 32767 px. It sticks to the top of a
 * scrolling box ("ground") that has the graph's real height.
 *
 * A frame's work is bounded by the pixels, not by the profile: per visible row a
 * binary search finds the first box in range, and a run of boxes too narrow to
 * see becomes one sliver, the next box after it found by binary search again.
 * Hover and selection are two elements laid over the canvas; they cost no drawing.
 */
const ROW = 20;		/* px; a box is one less, which leaves the line between rows */
const SLIVER = 0.3;	/* px; narrower boxes are drawn together */
const LABEL_MIN = 36;	/* px; below, not enough letters fit to say anything */
const PAD = 5;
const ZOOM_MS = 160;
const FONT = "11.5px ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

class FlameView {
	constructor(tree, palette, layout) {
		this.tree = tree;
		this.layout = layout;
		this.palette = palette;
		this.box = byId("flame");
		this.ground = byId("ground");
		this.canvas = byId("canvas");
		this.context = this.canvas.getContext("2d", {alpha: true});
		this.rings = {hover: byId("ring-hover"), selected: byId("ring-selected")};
		this.marked = {hover: -1, selected: -1};
		this.icicle = false;
		this.zoom = 0;
		this.search = null; /* the Search whose matches stand out */
		this.range = {from: 0, to: 1};
		this.height = this.seen = 0;
		this.move = null;
		this.pending = 0;
		this.work = {rects: 0, slivers: 0, labels: 0, searches: 0, ms: 0};
		this.calm = matchMedia("(prefers-reduced-motion: reduce)");
		/* As high as the whole graph needs, where the window allows it; zooming changes nothing. */
		this.box.style.setProperty("--graph", tree.rows * ROW + "px");
		this.box.addEventListener("scroll", () => this.redraw());
		new ResizeObserver(() => this.resize()).observe(this.box);
	}

	/* Shows @layout, zoomed to @node. Another unit is another picture: no motion. */
	show(layout, node) {
		this.layout = layout;
		this.zoomTo(node, false);
	}

	zoomTo(node, animate) {
		const slot = this.layout.slotOf[node];
		const {x0, x1} = this.layout;
		const target = slot < 0 ? {from: 0, to: 1} : {from: x0[slot], to: x1[slot]};

		this.zoom = slot < 0 ? 0 : node;
		if (animate && !this.calm.matches)
			this.move = {start: performance.now(), from: this.range, to: target};
		else
			this.move = null;
		if (!this.move)
			this.range = target;
		this.resize();
	}

	setIcicle(icicle) {
		this.icicle = icicle;
		this.resize();
		this.scrollTo(0);
	}

	/* --- geometry ------------------------------------------------------------ */

	/* Rows that the zoomed box and its callees reach. */
	rowsShown() {
		const slot = this.layout.slotOf[this.zoom];

		return slot < 0 ? 0 : this.tree.depth[this.zoom] + this.layout.height[slot] + 1;
	}

	resize() {
		const {box, canvas} = this;
		const ratio = window.devicePixelRatio || 1;
		/* A flame stands on its root: what is below stays below. */
		const below = this.icicle ? 0 : this.height - box.scrollTop - this.seen;

		this.seen = box.clientHeight;
		this.width = box.clientWidth;
		this.height = Math.max(this.rowsShown() * ROW, this.seen);
		this.ground.style.height = this.height + "px";
		if (!this.icicle)
			box.scrollTop = this.height - this.seen - below;
		canvas.width = Math.round(this.width * ratio);
		canvas.height = Math.round(this.seen * ratio);
		canvas.style.width = this.width + "px";
		canvas.style.height = this.seen + "px";
		this.ratio = ratio;
		this.redraw();
	}

	yOf(row) {
		return this.icicle ? row * ROW : this.height - (row + 1) * ROW;
	}

	rowAt(y) {
		return Math.floor((this.icicle ? y : this.height - y) / ROW);
	}

	get scale() {
		return this.width / (this.range.to - this.range.from);
	}

	/* Left edge and width in px, cut to what is seen; null outside of it. */
	span(node) {
		const slot = this.layout.slotOf[node];

		if (slot < 0)
			return null;
		const left = Math.max(0, (this.layout.x0[slot] - this.range.from) * this.scale);
		const right = Math.min(this.width, (this.layout.x1[slot] - this.range.from) * this.scale);

		return right > left ? {left, width: right - left} : null;
	}

	/* The node under a point of the window, or -1. */
	nodeAt(clientX, clientY) {
		const r = this.canvas.getBoundingClientRect();
		const row = this.rowAt(clientY - r.top + this.box.scrollTop);

		if (row >= this.rowsShown())
			return -1;
		return this.layout.at(row, this.range.from + (clientX - r.left) / this.scale);
	}

	/* Where a node is in the window, for tooltips and tests; null when out of range. */
	rectOf(node) {
		const span = this.span(node);
		const r = this.canvas.getBoundingClientRect();

		return span && {
			x: r.left + span.left, width: span.width,
			y: r.top + this.yOf(this.tree.depth[node]) - this.box.scrollTop, height: ROW,
		};
	}

	scrollTo(row) {
		const y = this.yOf(row);
		const {scrollTop, clientHeight} = this.box;

		/* Two rows of context, where the graph goes on. */
		if (y < scrollTop + 2 * ROW)
			this.box.scrollTop = y - 2 * ROW;
		else if (y + 3 * ROW > scrollTop + clientHeight)
			this.box.scrollTop = y + 3 * ROW - clientHeight;
	}

	/* --- hover and selection ------------------------------------------------- */

	mark(which, node) {
		this.marked[which] = node;
		this.placeRing(which);
	}

	placeRing(which) {
		const ring = this.rings[which];
		const node = this.marked[which];
		const span = node < 0 || this.tree.depth[node] >= this.rowsShown() ? null : this.span(node);

		ring.hidden = !span;
		ring.classList.toggle("root", node === 0);
		if (!span)
			return;
		ring.style.transform = `translate(${span.left}px, ${this.yOf(this.tree.depth[node])}px)`;
		ring.style.width = Math.max(3, span.width - 1) + "px";
	}

	/* --- drawing ------------------------------------------------------------- */

	redraw() {
		if (!this.pending)
			this.pending = requestAnimationFrame(now => this.frame(now));
	}

	frame(now) {
		this.pending = 0;
		if (this.move) {
			const t = Math.min(1, Math.max(0, now - this.move.start) / ZOOM_MS);
			const eased = 1 - (1 - t) ** 3;
			const between = (a, b) => a + (b - a) * eased;

			this.range = t === 1 ? this.move.to : {
				from: between(this.move.from.from, this.move.to.from),
				to: between(this.move.from.to, this.move.to.to),
			};
			if (t === 1)
				this.move = null;
			else
				this.redraw();
		}
		this.paint();
	}

	paint() {
		const started = performance.now();
		const {context, box} = this;
		const top = box.scrollTop, bottom = top + this.seen;
		const a = this.rowAt(top), b = this.rowAt(bottom - 1);
		const last = Math.min(Math.max(a, b), this.rowsShown() - 1);

		this.work = {rects: 0, slivers: 0, labels: 0, searches: 0, ms: 0};
		context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
		context.clearRect(0, 0, this.width, this.seen);
		context.textBaseline = "middle";
		context.font = FONT;
		this.letter = context.measureText("m").width;
		for (let row = Math.max(0, Math.min(a, b)); row <= last; row++)
			this.paintRow(row, this.yOf(row) - top);
		this.placeRing("hover");
		this.placeRing("selected");
		this.work.ms = performance.now() - started;
	}

	paintRow(row, y) {
		const {layout, range, scale, width, work} = this;
		const end = layout.rows[row + 1];
		const narrow = SLIVER / scale;
		/* The way down to what is zoomed is context: it steps back. */
		const alpha = row < this.tree.depth[this.zoom] ? 0.55 : 1;
		let slot = layout.firstAfter(row, range.from);

		work.searches++;
		while (slot < end && layout.x0[slot] < range.to) {
			const left = Math.max(0, (layout.x0[slot] - range.from) * scale);
			const right = Math.min(width, (layout.x1[slot] - range.from) * scale);

			if (right - left >= SLIVER) {
				this.paintBox(layout.node[slot], left, y, right - left, alpha);
				slot++;
			} else {
				this.paintSliver(layout.node[slot], left, y, alpha);
				/* At least one on: the edge of the range may have cut a wide box to this. */
				slot = Math.max(slot + 1, layout.firstAfter(row, layout.x0[slot] + narrow));
				work.searches++;
			}
		}
	}

	paintBox(node, left, y, width, alpha) {
		const {context, palette, tree} = this;
		const match = this.matches(node);
		const faint = this.search && !match && node > 0;

		this.work.rects++;
		context.globalAlpha = faint ? alpha * 0.3 : alpha;
		context.fillStyle = node === 0 ? palette.root :
			match ? palette.match : palette.fill(tree.func[node], tree.inlined[node]);
		/* A gap between neighbours, as long as it leaves something of the box. */
		context.fillRect(left, y, width > 3 ? width - 1 : width, ROW - 1);
		if (width < LABEL_MIN)
			return;
		context.globalAlpha = alpha;
		context.fillStyle = match ? palette.matchText : faint ? palette.faintText : palette.text;
		this.paintLabel(node, left + PAD, y + ROW / 2, width - 2 * PAD);
	}

	matches(node) {
		return this.search && node > 0 && this.search.functions[this.tree.func[node]];
	}

	paintSliver(node, left, y, alpha) {
		const {context, palette, tree} = this;
		const match = this.matches(node);

		this.work.slivers++;
		context.globalAlpha = this.search && !match ? alpha * 0.3 : alpha;
		context.fillStyle = match ? palette.match :
			palette.fill(tree.func[node], tree.inlined[node]);
		context.fillRect(left, y, SLIVER, ROW - 1);
	}

	paintLabel(node, x, y, room) {
		const {context, tree} = this;
		const name = tree.shortName(node);
		const letters = Math.floor(room / this.letter);
		const label = name.length <= letters ? name : name.slice(0, letters - 1) + "\u2026";

		this.work.labels++;
		if (tree.inlined[node])
			context.font = "italic " + FONT;
		/* Letters outside the font may be wider than "m": the limit squeezes them in. */
		context.fillText(label, x, y, room);
		if (tree.inlined[node])
			context.font = FONT;
	}
}
