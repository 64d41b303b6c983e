"""Work that outlives a process: which worker takes a run, and who takes it over from a dead one."""
