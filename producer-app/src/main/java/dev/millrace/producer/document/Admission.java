package dev.millrace.producer.document;

/// Whether a document is taken.
public sealed interface Admission {
    /// It is.
    record Accepted(Document document) implements Admission {}

    /// It is not.
    ///
    /// @param fault of what kind
    /// @param field the field at fault; empty where it is the JSON itself
    /// @param line where in the JSON, from 1
    /// @param column where in that line, from 1
    /// @param reason for people; never the content
    record Rejected(Fault fault, String field, int line, int column, String reason) implements Admission {
        /// The reason with its place.
        public String describe() {
            return (field.isEmpty() ? "" : "'" + field + "' ") + reason + " (line " + line + ", column " + column + ")";
        }
    }
}
