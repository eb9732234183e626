package dev.millrace.producer.source;

/// A regular file in a tar archive.
///
/// @param path of it
/// @param begin where its headers begin in the archive
/// @param size of its content in bytes
record TarEntry(String path, long begin, long size) {
    /// What groups the members of a WebDataset sample: the path up to the first dot of the file's name.
    String key() {
        int dot = path.indexOf('.', path.lastIndexOf('/') + 1);
        return dot < 0 ? path : path.substring(0, dot);
    }

    /// What follows that dot.
    String kind() {
        return path.length() > key().length() ? path.substring(key().length() + 1) : "";
    }
}
