/** Most pixels of a picture that is opened (about 16,383 x 16,383): more is refused before any memory is taken. */
export const maxImagePixels = 268_402_689
