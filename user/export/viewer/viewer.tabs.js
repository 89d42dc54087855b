// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* The views of the page, of which one is seen: the graph, and the tables. */
const TABS = [
	{id: "flame", letter: "f"},
	{id: "sites", letter: "s", filter: "Filter by function or file  /"},
	{id: "types", letter: "y", filter: "Filter by type or package  /"},
	{id: "maps", letter: "p", filter: "Filter by type, function or file  /"},
	{id: "leaks", letter: "k", filter: "Filter by function or file  /"},
	{id: "processes", letter: "c", filter: "Filter by process, program or container  /"},
	{id: "gc", letter: "g", filter: "Filter by function, file or type  /"},
];

class Tabs {
	/* @tables by id; @chosen is called with the id of a tab that was pressed. */
	constructor(tables, chosen) {
		this.tables = tables;
		this.current = "";
		for (const {id} of TABS)
			byId("tab-" + id).addEventListener("click", () => chosen(id));
		byId("filter").addEventListener("input", () => this.table().render(TABLE_PAGE));
	}

	/* Not every page has all of them. */
	has(id) {
		return id === "flame" || Object.hasOwn(this.tables, id);
	}

	/* The table that is seen, if one is. */
	table() {
		return this.tables[this.current];
	}

	show(current) {
		const {filter} = TABS.find(tab => tab.id === current);

		this.current = current;
		document.body.dataset.view = current;
		document.body.dataset.tab = current === "flame" ? "flame" : "table";
		for (const {id} of TABS) {
			byId("panel-" + id).hidden = id !== current;
			byId("tab-" + id).setAttribute("aria-selected", id === current);
		}
		if (filter) {
			byId("filter").placeholder = filter;
			byId("filter").setAttribute("aria-label", filter.slice(0, -3));
			this.table().show();
		}
	}
}
