/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
#ifndef STACKS_H
#define STACKS_H

void descend(int depth);

/* Of the plugin: goes down by itself, and half way calls on(the rest). */
typedef void plugin_descend_fn(int depth, void (*on)(int rest));
plugin_descend_fn plugin_descend;

#endif
