package dev.millrace.trainer.generate;

/// The model went while a prompt waited for it.
public final class NotServingException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NotServingException(String why) {
        super(why, null, false, false);
    }
}
