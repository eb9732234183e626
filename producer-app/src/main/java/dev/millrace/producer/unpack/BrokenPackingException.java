package dev.millrace.producer.unpack;

import dev.millrace.producer.document.Fault;
import java.io.Serial;

/// What is packed cannot be unpacked any further.
final class BrokenPackingException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    private final Fault fault;
    private final String reason;

    /// The bytes are not packed as was said.
    ///
    /// @param reason goes on after "the body"
    BrokenPackingException(String reason) {
        this(Fault.PACKING, reason);
    }

    private BrokenPackingException(Fault fault, String reason) {
        super("the body " + reason);
        this.fault = fault;
        this.reason = reason;
    }

    /// There is no room to unpack them at the moment.
    static BrokenPackingException noRoom(String reason) {
        return new BrokenPackingException(Fault.BUSY, reason);
    }

    Fault fault() {
        return fault;
    }

    /// Goes on after "the body".
    String reason() {
        return reason;
    }
}
