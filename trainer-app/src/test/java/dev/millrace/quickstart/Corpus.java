package dev.millrace.quickstart;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// Java sources to train on, and others to measure with: the same of both every time.
///
/// @param fed through the producer
/// @param heldOut never sent
record Corpus(List<Text> fed, List<Text> heldOut) {
    /// Of so many files one is held out.
    static final int ONE_HELD_OUT_OF = 20;

    Corpus {
        if (fed.isEmpty() || heldOut.isEmpty()) {
            throw new IllegalArgumentException("the corpus has " + fed.size() + " texts to feed and " + heldOut.size()
                    + " held out: it needs both");
        }
        fed = List.copyOf(fed);
        heldOut = List.copyOf(heldOut);
    }

    /// One source file.
    record Text(String path, String content) {
        byte[] bytes() {
            return content.getBytes(StandardCharsets.UTF_8);
        }
    }

    /// Takes the Java files of a sources jar, by path, until `mostBytes` are reached.
    static Corpus ofJar(Path jar, long mostBytes) throws IOException {
        List<Text> texts = new ArrayList<>();
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            List<? extends ZipEntry> entries = zip.stream()
                    .filter(entry -> entry.getName().endsWith(".java"))
                    .sorted(Comparator.comparing(ZipEntry::getName))
                    .toList();
            long size = 0;
            for (ZipEntry entry : entries) {
                if (size >= mostBytes) {
                    break;
                }
                try (InputStream in = zip.getInputStream(entry)) {
                    Text text = new Text(entry.getName(), new String(in.readAllBytes(), StandardCharsets.UTF_8));
                    texts.add(text);
                    size += text.bytes().length;
                }
            }
        }
        return select(texts, mostBytes);
    }

    /// Sorts by path, takes texts while they fit into `mostBytes`, and holds every twentieth out.
    static Corpus select(List<Text> texts, long mostBytes) {
        List<Text> fed = new ArrayList<>();
        List<Text> heldOut = new ArrayList<>();
        long size = 0;
        int place = 0;
        for (Text text : texts.stream().sorted(Comparator.comparing(Text::path)).toList()) {
            size += text.bytes().length;
            if (size > mostBytes) {
                break;
            }
            (++place % ONE_HELD_OUT_OF == 0 ? heldOut : fed).add(text);
        }
        return new Corpus(fed, heldOut);
    }

    static long bytes(List<Text> texts) {
        return texts.stream().mapToLong(text -> text.bytes().length).sum();
    }
}
