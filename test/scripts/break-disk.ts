import { breakDisk } from '../support/broken-disk.ts'

/** Loaded with `--import` into a program and its children: the disk is full below the folder that the variable names. */
const folder = process.env['EXEMPLAR_BROKEN_DISK']
if (folder !== undefined) breakDisk(folder, 'ENOSPC')
