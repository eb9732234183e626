package dev.millrace.proof;

/// A document that lies on the log.
///
/// @param tokens how many the trainer makes of it
record LoggedDocument(String id, int tokens) {
    LoggedDocument {
        if (tokens < 1) {
            throw new IllegalArgumentException("document " + id + " has " + tokens + " tokens: it needs at least one");
        }
    }
}
