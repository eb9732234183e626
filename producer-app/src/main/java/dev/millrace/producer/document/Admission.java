package dev.millrace.producer.document;

/// Whether a document is taken.
public sealed interface Admission {
    /// It is.
    record Accepted(Document document) implements Admission {}

    /// It is not.
    ///
    /// @param fault of what kind
    /// @param field the field at fault; empty where it is the body itself
    /// @param line where in the body, from 1; 0 where it is not of lines
    /// @param column where in that line, from 1
    /// @param reason for people; never the content
    record Rejected(Fault fault, String field, int line, int column, String reason) implements Admission {
        /// Of a body that has no lines.
        static Rejected nowhere(Fault fault, String field, String reason) {
            return new Rejected(fault, field, 0, 0, reason);
        }

        /// The reason with its place.
        public String describe() {
            String place = line == 0 ? "" : " (line " + line + ", column " + column + ")";
            return (field.isEmpty() ? "" : "'" + field + "' ") + reason + place;
        }
    }
}
