// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/*
 * The page: what is shown now ("state"), and the events that change it. Each
 * change goes through one function of App, which also keeps the address in step,
 * so that a copied address and the browser's Back button bring a view back.
 */
class App {
	constructor(profile) {
		const timings = {};
		const timed = (name, work) => {
			const started = performance.now();
			const result = work();

			timings[name] = performance.now() - started;
			return result;
		};

		this.timed = timed;
		this.timings = timings;
		this.tree = timed("tree", () => new CallTree(profile));
		this.totals = this.tree.total.map(total => total[0]);
		this.shares = [...this.totals]; /* what the tables' shares are of */
		this.timeline = profile.cycles ? new Timeline(profile, window => this.setWindow(window)) : null;
		this.palette = profile.sides > 1 ? new DiffPalette(this.tree) : new Palette(this.tree);
		this.layouts = [];
		/*
		 * type: only what was allocated of it, or inserted into it; -1: of all.
		 * window: only what was then (viewer.cycles.js); null: of all time.
		 */
		this.state = {unit: Math.max(0, this.firstUnit()), zoom: 0, selected: 0, query: "", icicle: false,
			      tab: "flame", type: -1, window: null, side: profile.sides - 1};
		this.view = new FlameView(this.tree, this.palette, this.layout());
		this.found = null; /* {nodes, weight} of the search in this unit */

		if (profile.sides > 1)
			showDiffHeader(profile.meta, this.tree);
		else
			showHeader(profile.meta, this.totals);
		this.tabs = new Tabs(this.makeTables(profile), tab => this.setTab(tab));
		this.buildUnits();
		byId("sides").hidden = profile.sides === 1;
		document.body.dataset.sides = profile.sides;
		this.initTheme();
		this.listen();
		this.restore();
	}

	makeTables(profile) {
		const pickSite = (name, unit) => this.searchFor(name, unit);
		const pickType = type => this.lookAtType(type);

		if (profile.sides > 1)
			return diffTables(profile, pickType, pickSite);
		return {
			sites: siteTable(profile, this.shares, pickSite),
			types: typeTable(profile, this.shares, pickType, pickSite),
			maps: mapTable(profile, pickType, pickSite),
			...(profile.meta.leaks ? {leaks: leakTable(profile, name => pickSite(name, INUSE))} : {}),
			...(profile.meta.targets.length > 1 ? {processes: processTable(profile, pickSite)} : {}),
			...(profile.cycles ? {gc: new GcTab(profile, pickSite, pickType)} : {}),
		};
	}

	/* The first unit there is anything of, of what is shown; -1: there is nothing. */
	firstUnit() {
		return this.tree.total.findIndex(total => total[0] > 0);
	}

	/* --- changes of state ---------------------------------------------------- */

	layout() {
		const {unit} = this.state;

		if (!this.layouts[unit])
			this.layouts[unit] = this.timed("layout", () => new Layout(this.tree, unit));
		return this.layouts[unit];
	}

	setUnit(unit, remember = true) {
		if (unit < 0 || !this.tree.total[unit][0])
			return;
		this.state.unit = this.palette.unit = unit;
		/* A box may have no weight in the new unit: then its nearest caller stands in. */
		this.state.zoom = this.weightyCaller(this.state.zoom);
		this.state.selected = this.weightyCaller(this.state.selected);
		for (const button of byId("units").children)
			button.setAttribute("aria-pressed", Number(button.value) === unit);
		this.view.show(this.layout(), this.state.zoom);
		byId("reset").disabled = this.state.zoom === 0;
		this.view.box.setAttribute("aria-label", `Flame graph of ${UNITS[unit].noun}. ` +
			"Arrow keys move, Enter zooms, Escape resets.");
		this.find();
		this.select(this.state.selected);
		this.changed(remember && "push");
	}

	/* Only what is of one type (-1: everything) makes the graph from here on. */
	setType(type, remember = true) {
		const {state} = this;
		const {types} = this.tree.profile;

		if (type === state.type)
			return;
		state.type = type;
		this.weigh();
		byId("only").hidden = type < 0;
		byId("only-type").textContent = type < 0 ? "" : types[type].short;
		byId("only-type").title = type < 0 ? "" : types[type].name;
		this.setSide(state.side, remember);
	}

	/* Only what was in @window (null: everything) makes graph, sites and types. */
	setWindow(window, remember = true) {
		const {state, tree} = this;
		const {profile} = tree;
		const keep = sampleFilter(profile, -1, window);

		if (window === state.window)
			return;
		state.window = window;
		this.weigh();
		this.timed("tables", () => {
			this.shares.fill(0);
			eachAmount(profile, keep, (_, unit, amount) => this.shares[unit] += amount);
			this.tabs.tables.sites.setRows(siteRows(profile, keep));
			this.tabs.tables.types.setRows(typeRows(profile, keep));
		});
		this.timeline.mark(window);
		byId("window").hidden = !window;
		byId("timeline-note").hidden = window !== null;
		byId("window-text").textContent = window ? describeWindow(window, profile.cycles) : "";
		byId("live").textContent = byId("window-text").textContent || "all cycles";
		this.setSide(state.side, remember);
	}

	weigh() {
		const {tree, state} = this;

		this.timed("weigh", () => tree.weigh(sampleFilter(tree.profile, state.type, state.window)));
	}

	/* Whose weights boxes are wide as; all layouts are others from here on. */
	setSide(side, remember = true) {
		const {tree, state} = this;

		state.side = side;
		tree.show(side);
		this.layouts = [];
		for (const button of byId("units").children)
			button.disabled = !tree.total[button.value][0];
		for (const button of byId("sides").children)
			button.setAttribute("aria-pressed", Number(button.value) === side);
		this.buildLegend();
		if (this.firstUnit() < 0) {
			this.showNothing(remember);
			return;
		}
		byId("ground").hidden = false;
		byId("nothing").hidden = true;
		this.setUnit(tree.total[state.unit][0] ? state.unit : this.firstUnit(), remember);
	}

	weightyCaller(node) {
		while (node > 0 && this.layout().slotOf[node] < 0)
			node = this.tree.parent[node];
		return node;
	}

	zoom(node, animate = true) {
		this.state.zoom = node;
		this.view.zoomTo(node, animate);
		byId("reset").disabled = node === 0;
		this.view.scrollTo(this.tree.depth[node]);
		this.changed("push");
	}

	select(node) {
		const {tree, state} = this;

		state.selected = node;
		this.view.mark("selected", node);
		byId("selection").replaceChildren(...describe(tree, node, state.unit, false));
		byId("live").textContent = sentence(tree, node, state.unit);
	}

	/* Selects @node and brings it into sight, zooming only where it would be too thin. */
	reveal(node) {
		const readable = 3;
		const layout = this.layout();
		let zoom = this.state.zoom;
		const slot = layout.slotOf[node];
		const holds = (outer, s) => layout.x0[outer] <= layout.x0[s] && layout.x1[s] <= layout.x1[outer];
		const weight = n => this.tree.total[this.state.unit][n];

		if (!holds(layout.slotOf[zoom], slot) || this.tree.depth[node] < this.tree.depth[zoom])
			zoom = 0;
		if (weight(node) / weight(zoom) * this.view.width < readable) {
			zoom = node;
			while (zoom > 0 && weight(node) / weight(this.tree.parent[zoom]) * this.view.width >= readable)
				zoom = this.tree.parent[zoom];
		}
		if (zoom !== this.state.zoom)
			this.zoom(zoom);
		this.select(node);
		this.view.scrollTo(this.tree.depth[node]);
	}

	setQuery(text) {
		this.state.query = text;
		if (byId("search").value !== text)
			byId("search").value = text;
		this.find();
		this.view.redraw();
		this.changed("replace");
	}

	/* Runs the search again: the text or the unit is new. */
	find() {
		const {unit, query} = this.state;
		const search = query ? this.timed("search", () => new Search(this.tree, query)) : null;
		const valid = !search || search.valid;

		this.view.search = valid ? search : null;
		this.found = search && valid ? this.timed("matches", () => search.matches(this.layout(), unit)) : null;
		byId("search").setAttribute("aria-invalid", !valid);
		byId("found").textContent = !search ? "" : !valid ? "not a regular expression" :
			!this.found.nodes.length ? "no match" :
			`${formatShare(this.found.weight, this.tree.total[unit][0])} of ${UNITS[unit].noun}`;
		byId("found").title = this.found && this.found.nodes.length ?
			`${UNITS[unit].format(this.found.weight)} in ${formatExact(this.found.nodes.length)} places` : "";
		byId("prev").disabled = byId("next").disabled = !this.found || !this.found.nodes.length;
	}

	/* The match after (or before) the selected one, from left to right and round. */
	step(by) {
		const nodes = this.found ? this.found.nodes : [];

		if (!nodes.length)
			return;
		const at = nodes.indexOf(this.state.selected);
		const next = at < 0 ? (by > 0 ? 0 : nodes.length - 1) : (at + by + nodes.length) % nodes.length;

		this.reveal(nodes[next]);
	}

	/* From a row of a table: all boxes of that function, at the heaviest, of @unit or as it is. */
	searchFor(name, unit) {
		this.setTab("flame");
		this.setType(-1);
		if (unit !== undefined)
			this.setUnit(unit);
		this.zoom(0, false);
		this.setQuery(exactPattern(name));
		/* What has no weight in this unit has in another. */
		if (this.found && !this.found.nodes.length)
			this.setUnit(this.unitOf(this.view.search));
		if (this.found && this.found.nodes.length) {
			const weight = this.tree.total[this.state.unit];

			this.reveal(this.found.nodes.reduce((a, b) => weight[b] > weight[a] ? b : a));
		}
		this.view.box.focus();
	}

	/* The first unit in which something that @search finds has any weight. */
	unitOf(search) {
		const {tree} = this;
		const found = tree.total.findIndex(total =>
			total.some((weight, node) => node > 0 && weight && search.functions[tree.func[node]]));

		return found < 0 ? this.state.unit : found;
	}

	/* From a row of a table: the graph of nothing but that type. */
	lookAtType(type) {
		this.setTab("flame");
		this.setQuery("");
		this.setType(type);
		this.zoom(0, false);
		this.select(0);
		this.view.box.focus();
	}

	setIcicle(icicle) {
		this.state.icicle = icicle;
		byId("icicle").setAttribute("aria-pressed", icicle);
		this.view.setIcicle(icicle);
		this.view.scrollTo(this.tree.depth[this.state.zoom]);
		this.changed("replace");
	}

	setTab(tab) {
		this.state.tab = tab;
		hideTip();
		this.tabs.show(tab);
		this.changed("push");
	}

	/* --- theme --------------------------------------------------------------- */

	/* The reader's choice if there was one, else what the system says, live. */
	initTheme() {
		const dark = matchMedia("(prefers-color-scheme: dark)");

		dark.addEventListener("change", () => this.setTheme(storedTheme() || (dark.matches ? "dark" : "light")));
		this.setTheme(storedTheme() || (dark.matches ? "dark" : "light"));
	}

	setTheme(theme) {
		this.theme = theme;
		document.documentElement.dataset.theme = theme;
		byId("theme").textContent = theme === "dark" ? "Light" : "Dark";
		this.palette.reload();
		if (this.timeline)
			this.timeline.reload();
		this.buildLegend();
		this.view.redraw();
	}

	toggleTheme() {
		this.setTheme(this.theme === "dark" ? "light" : "dark");
		storeTheme(this.theme);
	}

	/* --- parts of the page ----------------------------------------------------- */

	buildUnits() {
		byId("units").replaceChildren(...UNITS.flatMap((unit, i) => {
			const button = el("button", {value: i, "aria-pressed": "false",
						     title: `${unit.name} (${unit.letter})`}, unit.name);

			button.disabled = !this.totals[i];
			button.addEventListener("click", () => this.setUnit(i));
			return unit.rare && !this.tree.sides.some(side => side.total[i][0]) ? [] : [button];
		}));
		document.body.dataset.units = byId("units").children.length;
	}

	buildLegend() {
		byId("legend").replaceChildren(...this.palette.legend().map(({color, text, class: kind}) => {
			const swatch = el("i", {});

			swatch.style.background = color;
			return el("li", kind ? {class: kind} : {}, ...(color ? [swatch] : []), text);
		}));
	}

	/* --- the address ----------------------------------------------------------- */

	/* Only what differs from a fresh page. Node numbers are fixed within a file. */
	address() {
		const {unit, zoom, query, icicle, tab, type, side, window} = this.state;
		const parts = new URLSearchParams();

		if (unit !== this.firstUnit() && this.tree.total[unit][0])
			parts.set("unit", UNITS[unit].key);
		if (type >= 0)
			parts.set("type", type);
		if (window)
			parts.set("window", `${Math.round(window.from)}-${Math.round(window.to)}`);
		if (side !== this.tree.sides.length - 1)
			parts.set("side", SIDE_NAMES[side]);
		if (zoom)
			parts.set("zoom", zoom);
		if (query)
			parts.set("search", query);
		if (icicle)
			parts.set("view", "icicle");
		if (tab !== "flame")
			parts.set("tab", tab);
		return "#" + parts;
	}

	changed(how) {
		const address = this.address();

		if (!how || this.restoring || address === (location.hash || "#"))
			return;
		if (how === "push")
			history.pushState(null, "", address);
		else
			history.replaceState(null, "", address);
	}

	/* Takes the state from the address, which anybody may have written. */
	restore() {
		const parts = new URLSearchParams(location.hash.slice(1));
		const unit = UNITS.findIndex(u => u.key === parts.get("unit"));
		const number = (name, limit) => {
			const value = Number(parts.get(name));

			return parts.has(name) && Number.isInteger(value) && value >= 0 && value < limit ? value : -1;
		};
		const {tree, state} = this;

		this.restoring = true;
		state.query = parts.get("search") || "";
		byId("search").value = state.query;
		state.side = tree.sides.length > 1 && parts.get("side") === SIDE_NAMES[BEFORE] ? BEFORE : tree.sides.length - 1;
		this.setSide(state.side);
		this.restoreWindow(parts.get("window"));
		this.restoreType(number("type", tree.profile.types.length));
		state.zoom = Math.max(0, number("zoom", tree.n));
		state.selected = state.zoom;
		this.setTab(this.tabs.has(parts.get("tab")) ? parts.get("tab") : "flame");
		this.setIcicle(parts.get("view") === "icicle");
		if (this.firstUnit() < 0)
			this.showNothing(false);
		else
			this.setUnit(unit >= 0 && tree.total[unit][0] ? unit : this.firstUnit());
		this.restoring = false;
	}

	/* "from-to", in ns. */
	restoreWindow(text) {
		const {cycles} = this.tree.profile;
		const [from, to] = /^\d{1,15}-\d{1,15}$/.test(text || "") ? text.split("-").map(Number) : [0, 0];

		this.setWindow(cycles && cycles.cycles.n && to > from ? cycles.window(from, to) : null);
	}

	/* A type that nothing is of would leave nothing to show. */
	restoreType(type) {
		this.setType(type);
		if (this.firstUnit() < 0)
			this.setType(-1);
	}

	showNothing(remember) {
		const {window} = this.state;

		byId("ground").hidden = true;
		byId("nothing").hidden = false;
		byId("nothing").replaceChildren(...(window ? [
			el("strong", {}, "Nothing is known of this time"),
			el("p", {}, window.folded ? "What led to these cycles was folded together with others." :
			   "No allocation and no map insert was seen in it."),
		] : this.timeline ? [
			el("strong", {}, "Only collections were recorded"),
			el("p", {}, "No allocation and no map insert was seen: those of Go alone can be. The timeline and the tab GC tell of the rest."),
		] : [
			el("strong", {}, "Nothing was recorded"),
			el("p", {}, "No allocation and no map insert was seen in this time. " +
			   "Was the program idle? A longer recording or some load may show more."),
		]));
		byId("selection").replaceChildren();
		this.changed(remember && "push");
	}

	/* Everything there is, of all time. */
	showAll() {
		if (this.timeline) {
			this.timeline.cancel();
			this.timeline.show(0, this.tree.profile.cycles.end);
			this.setWindow(null);
		}
		this.zoom(0);
	}

	/* --- events ------------------------------------------------------------------ */

	listen() {
		const {view} = this;
		const on = (id, event, handler) => byId(id).addEventListener(event, handler);

		on("flame", "pointermove", event => this.hover(event));
		on("flame", "pointerleave", () => this.hover(null));
		on("flame", "scroll", () => this.hover(null));
		on("flame", "click", event => {
			const node = view.nodeAt(event.clientX, event.clientY);

			if (node >= 0) {
				this.select(node);
				this.zoom(node);
			}
		});
		on("search", "input", () => this.setQuery(byId("search").value));
		on("search", "keydown", event => {
			if (event.key !== "Enter" && event.key !== "Escape")
				return;
			/* A search field clears itself on Escape; leaving it should not. */
			event.preventDefault();
			if (event.key === "Enter")
				this.step(event.shiftKey ? -1 : 1);
			view.box.focus();
			event.stopPropagation();
		});
		on("prev", "click", () => this.step(-1));
		on("next", "click", () => this.step(1));
		on("reset", "click", () => this.zoom(0));
		on("icicle", "click", () => this.setIcicle(!this.state.icicle));
		on("theme", "click", () => this.toggleTheme());
		on("help", "click", () => byId("keys").showModal());
		on("sides", "click", event => this.setSide(Number(event.target.value)));
		on("only-clear", "click", () => this.setType(-1));
		on("window-clear", "click", () => this.setWindow(null));
		addEventListener("popstate", () => this.restore());
		document.addEventListener("keydown", event => this.key(event));
	}

	hover(event) {
		const {view, tree, state} = this;
		const node = event ? view.nodeAt(event.clientX, event.clientY) : -1;

		if (node !== view.marked.hover) {
			view.mark("hover", node);
			if (node >= 0)
				showTip(describe(tree, node, state.unit, true), event.clientX, event.clientY);
			else
				hideTip();
		} else if (node >= 0) {
			placeTip(event.clientX, event.clientY);
		}
	}

	key(event) {
		const typing = event.target.matches("input");
		const dialog = byId("keys").open;

		if (typing || dialog || event.ctrlKey || event.altKey || event.metaKey)
			return;
		if (event.target === this.view.box && this.move(event.key)) {
			event.preventDefault();
			return;
		}
		const unit = UNITS.findIndex(u => u.letter === event.key);
		const tab = TABS.find(t => t.letter === event.key && this.tabs.has(t.id));
		const shortcut = unit >= 0 ? () => this.setUnit(unit) : tab ? () => this.setTab(tab.id) : {
			"Escape": () => this.showAll(),
			"Backspace": () => this.zoom(0),
			"/": () => byId(this.state.tab === "flame" ? "search" : "filter").select(),
			"n": () => this.step(1),
			"N": () => this.step(-1),
			"i": () => this.setIcicle(!this.state.icicle),
			"t": () => this.toggleTheme(),
			...(this.tree.sides.length > 1 ? {"a": () => this.setSide(1 - this.state.side)} : {}),
			"?": () => byId("keys").showModal(),
		}[event.key];

		if (shortcut) {
			event.preventDefault();
			shortcut();
		}
	}

	/* Keys of the graph itself; up and down go where they point. True if it was one. */
	move(key) {
		const {icicle, selected} = this.state;
		const outward = {ArrowUp: !icicle, ArrowDown: icicle};

		if (key === "Enter")
			this.zoom(selected);
		else if (key in outward)
			this.go(outward[key] ? this.heaviestCallee(selected) : this.tree.parent[selected]);
		else if (key === "ArrowLeft" || key === "ArrowRight")
			this.go(this.beside(selected, key === "ArrowLeft" ? -1 : 1));
		else if (key === "Home")
			this.go(0);
		else
			return false;
		return true;
	}

	go(node) {
		if (node >= 0 && this.layout().n)
			this.reveal(node);
	}

	heaviestCallee(node) {
		const layout = this.layout();
		const row = this.tree.depth[node] + 1;
		const slot = layout.slotOf[node];

		if (slot < 0 || !layout.height[slot])
			return -1;
		return layout.node[layout.firstAfter(row, layout.x0[slot])];
	}

	/* The next box in the row that can be seen at this zoom. */
	beside(node, by) {
		const layout = this.layout();
		const row = this.tree.depth[node];
		let slot = layout.slotOf[node];

		if (slot < 0)
			return -1;
		for (slot += by; slot >= layout.rows[row] && slot < layout.rows[row + 1]; slot += by) {
			const span = this.view.span(layout.node[slot]);

			if (!span)
				return -1;
			if (span.width >= 1)
				return layout.node[slot];
		}
		return -1;
	}
}
