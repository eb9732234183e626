package dev.millrace.trainer.intake;

/// What a record turned out to be.
public sealed interface Decoded {
    /// A document to train on.
    record Usable(Document document) implements Decoded {}

    /// Well-formed, of a medium that the model cannot use yet: counted, and passed by.
    ///
    /// @param contentType of the medium, as the record's header says, or the claim that lies there in its place
    record Unusable(String contentType) implements Decoded {}

    /// No document: goes to the dead letters.
    ///
    /// @param reason what is wrong, for people; never the content
    record Bad(String reason) implements Decoded {}
}
