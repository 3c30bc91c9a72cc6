/* The caller's terminal: every key goes to the terminal inside, which does what keys do. */
#ifndef RAW_H
#define RAW_H

/* The first of the descriptors 1, 2, 0 that is a terminal; -1. */
int find_terminal(void);

/* Gives `master` the settings of `terminal`. */
void copy_terminal(int terminal, int master);

/* `restore_terminal` undoes it. */
void make_raw(int terminal);
void restore_terminal(void);

#endif
