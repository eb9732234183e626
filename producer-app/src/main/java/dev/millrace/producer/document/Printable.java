package dev.millrace.producer.document;

import java.util.regex.Pattern;

/// What others named, for a line of a log: it ends no line and no quotation, and is read in the order that it is
/// written in.
public final class Printable {
    /// Control characters, separators of lines, what turns the direction of writing, halves of characters.
    private static final Pattern NOT = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}\"\\\\]");

    private Printable() {}

    /// The text with a question mark in place of each character that must not be there.
    public static String of(String text) {
        return NOT.matcher(text).replaceAll("?");
    }
}
