package dev.millrace.producer.document;

import java.io.Serial;

/// A body is not the multipart that it should be.
final class BrokenMultipartException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    private final Fault fault;
    private final String reason;

    /// @param reason goes on after "the body"
    BrokenMultipartException(Fault fault, String reason) {
        super("the body " + reason);
        this.fault = fault;
        this.reason = reason;
    }

    Admission.Rejected rejected() {
        return Admission.Rejected.nowhere(fault, "", reason);
    }
}
