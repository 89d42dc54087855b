// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
/* Pages opened from a file may be refused storage: then the choice lasts as long as the page. */
function storedTheme() {
	try {
		const theme = localStorage.getItem("alloctap-theme");

		return theme === "dark" || theme === "light" ? theme : null;
	} catch {
		return null;
	}
}

function storeTheme(theme) {
	try {
		localStorage.setItem("alloctap-theme", theme);
	} catch {
		/* said above */
	}
}
