package dev.millrace.producer.document;

import java.lang.Character.UnicodeScript;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/// Measures of a text that need no language. The rules are those of Gopher (Rae et al. 2021, appendix A1.1), with a
/// definition of symbols and words that holds for every script.
final class TextShape {
    private static final int PHRASE = 3;

    private TextShape() {}

    /// The share of what is no white space that is neither letter, digit nor a mark on one.
    static double symbols(String text) {
        long symbols = 0;
        long all = 0;
        for (int i = 0; i < text.length(); ) {
            int point = text.codePointAt(i);
            i += Character.charCount(point);
            if (!Character.isWhitespace(point)) {
                all++;
                symbols += isOfAWord(point) ? 0 : 1;
            }
        }
        return all == 0 ? 0 : (double) symbols / all;
    }

    /// The share of characters, line ends and margins apart, that stand in lines that were there before.
    static double repeatedLines(String text) {
        Set<String> seen = new HashSet<>();
        long repeated = 0;
        long all = 0;
        for (String line : (Iterable<String>) text.lines().map(String::strip)::iterator) {
            all += line.length();
            repeated += seen.add(line) ? 0 : line.length();
        }
        return all == 0 ? 0 : (double) repeated / all;
    }

    /// The share of words that the most frequent phrase of three words makes up; 0 where none comes twice. Words of
    /// scripts that write none apart are single characters.
    static double mostFrequentPhrase(String text) {
        long[] words = words(text);
        if (words.length < PHRASE) {
            return 0;
        }
        long[] phrases = new long[words.length - PHRASE + 1];
        for (int i = 0; i < phrases.length; i++) {
            phrases[i] = (words[i] * 31 + words[i + 1]) * 31 + words[i + 2];
        }
        Arrays.sort(phrases);
        int most = 0;
        int run = 0;
        for (int i = 0; i < phrases.length; i++) {
            run = i > 0 && phrases[i] == phrases[i - 1] ? run + 1 : 1;
            most = Math.max(most, run);
        }
        // In `a a a a`, phrases overlap.
        return most < 2 ? 0 : Math.min(1, (double) most * PHRASE / words.length);
    }

    /// A number for each word: equal words have equal ones, and others almost never.
    private static long[] words(String text) {
        long[] words = new long[16];
        int count = 0;
        long word = 0;
        boolean inside = false;
        for (int i = 0; i <= text.length(); ) {
            int point = i < text.length() ? text.codePointAt(i) : ' ';
            i += i < text.length() ? Character.charCount(point) : 1;
            boolean part = isOfAWord(point);
            boolean alone = part && isWrittenWithoutSpaces(point);
            if (inside && (!part || alone)) {
                words = count == words.length ? Arrays.copyOf(words, 2 * count) : words;
                words[count++] = mix(word);
                inside = false;
                word = 0;
            }
            if (alone) {
                words = count == words.length ? Arrays.copyOf(words, 2 * count) : words;
                words[count++] = mix(point);
            } else if (part) {
                inside = true;
                word = word * 0x100000001B3L + point;
            }
        }
        return Arrays.copyOf(words, count);
    }

    private static long mix(long word) {
        long mixed = (word ^ (word >>> 32)) * 0x9E3779B97F4A7C15L;
        return mixed ^ (mixed >>> 29);
    }

    private static boolean isOfAWord(int point) {
        if (Character.isLetterOrDigit(point)) {
            return true;
        }
        int type = Character.getType(point);
        return type == Character.NON_SPACING_MARK
                || type == Character.COMBINING_SPACING_MARK
                || type == Character.ENCLOSING_MARK;
    }

    private static boolean isWrittenWithoutSpaces(int point) {
        if (point < 0x0E00) {
            return false;
        }
        return switch (UnicodeScript.of(point)) {
            case HAN, HIRAGANA, KATAKANA, THAI, LAO, KHMER, MYANMAR, TIBETAN -> true;
            default -> false;
        };
    }
}
