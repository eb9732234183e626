package dev.millrace.producer.store;

/// Where media go that are too large for the log, and how large.
///
/// @param objects takes them
/// @param maxBytes of one body whose media go there
public record MediaStore(ObjectStore objects, long maxBytes) {}
