package dev.millrace.producer.document;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DocumentReaderTest {
    private final DocumentReader reader = new DocumentReader(64, 8, 4);

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', textBlock = """
            {"text": "secret      | broken JSON
            ["text"]              | not a JSON object
            {"txet": "secret"}    | 'text' is missing
            {"text": 1}           | 'text' is not a string
            {"text": ""}          | 'text' is empty
            {"id": "a"}           | 'text' is missing
            {"text":"a","text":"b"} | broken JSON
            {"text":"a"} x        | broken JSON
            {"text":"a"} {}       | goes on after
            {"text":"a","id":"123456789"} | 'id' is longer than millrace.documents.max-name-length
            {"text":"a","metadata":[]} | 'metadata' is not an object
            {"text":"a","metadata":{"a":{"b":{"c":{}}}}} | nests too deep
            {"text":"\\ud800"}    | unpaired surrogate
            """)
    void saysWhatIsWrongAndNeverQuotesIt(String json, String reason) {
        Admission admission = reader.read(json.getBytes(StandardCharsets.UTF_8));

        assertThat(admission)
                .isInstanceOfSatisfying(
                        Admission.Rejected.class,
                        rejected -> assertThat(rejected.describe())
                                .contains(reason)
                                .contains("line 1, column ")
                                .doesNotContain("secret"));
    }

    @Test
    void takesUtf8Alone() {
        assertThat(reader.read("{\"text\":\"ü\"}".getBytes(StandardCharsets.ISO_8859_1)))
                .isInstanceOf(Admission.Rejected.class);
        assertThat(reader.read("{\"text\":\"a\"}".getBytes(StandardCharsets.UTF_16LE)))
                .isInstanceOf(Admission.Rejected.class);
        assertThat(reader.read("{\"text\":\"\uFFFD\"}".getBytes(StandardCharsets.UTF_8)))
                .as("a replacement character that was sent")
                .isInstanceOf(Admission.Accepted.class);
        assertThat(reader.read("\uFEFF{\"text\":\"a\"}".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(Admission.Rejected.class);
    }

    @Test
    void namesTheLineOfAFaultInABodyOfManyLines() {
        Admission admission = reader.read("{\n \"text\": \"a\",\n \"id\": true\n}".getBytes(StandardCharsets.UTF_8));

        assertThat(admission).isEqualTo(new Admission.Rejected(Fault.TYPE, "id", 3, 8, "is not a string"));
    }

    @Test
    void splitsAStreamAtLineFeedsHoweverItIsCut() {
        byte[] stream = "one\r\n\n  \ntwo\nthis line is too long\nlast".getBytes(StandardCharsets.UTF_8);
        for (int cut = 1; cut < stream.length; cut++) {
            List<String> lines = new ArrayList<>();
            LineSplitter splitter = new LineSplitter(8);
            for (int at = 0; at < stream.length; at += cut) {
                splitter.feed(stream, at, Math.min(cut, stream.length - at), line -> lines.add(describe(line)));
            }
            splitter.end(line -> lines.add(describe(line)));

            assertThat(lines).as("cut into %d", cut).containsExactly("one@5", "two@13", "overlong@35", "last@39");
        }
    }

    private static String describe(LineSplitter.Line line) {
        return switch (line) {
            case LineSplitter.Whole whole -> new String(whole.bytes(), StandardCharsets.UTF_8) + "@" + whole.end();
            case LineSplitter.Overlong overlong -> "overlong@" + overlong.end();
        };
    }
}
