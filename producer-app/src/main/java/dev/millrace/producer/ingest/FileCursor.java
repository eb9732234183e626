package dev.millrace.producer.ingest;

/// How far a file is on the log: everything up to here was acknowledged, or rejected and told.
///
/// @param file its absolute path
/// @param identity what tells a replaced file from the one that was read (inode and creation time)
/// @param line lines read
/// @param bytes bytes read
record FileCursor(String file, String identity, long line, long bytes) {}
