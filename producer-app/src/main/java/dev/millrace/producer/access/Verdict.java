package dev.millrace.producer.access;

/// Whether a request is let in.
public sealed interface Verdict {
    /// It is.
    ///
    /// @param caller the holder of the key, or whom the token names
    record Admitted(String caller) implements Verdict {}

    /// Nobody known sent it.
    record Unknown(String reason) implements Verdict {}

    /// Its caller lacks the role.
    record Forbidden(String caller, Role needed) implements Verdict {}

    /// It could not be found out: the issuer of tokens is away, say.
    record Undecided(String reason) implements Verdict {}
}
