package dev.millrace.trainer.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class GenerateRequestTest {
    @Test
    void aPromptIsEnough() {
        GenerateRequest request = parse("{\"prompt\": \"Once\"}");

        assertThat(request.prompt()).isEqualTo("Once");
        assertThat(request.sampling().maxTokens()).isEqualTo(128);
        assertThat(request.sampling().temperature()).isEqualTo(1);
        assertThat(request.sampling().topP()).isEqualTo(1);
        assertThat(request.stream()).isEmpty();
        // Equal requests without a seed are different draws.
        assertThat(parse("{\"prompt\": \"Once\"}").sampling().seed())
                .isNotEqualTo(request.sampling().seed());
    }

    @Test
    void everythingCanBeSaid() {
        GenerateRequest request = parse(
                "{\"prompt\": \"\", \"max_tokens\": 5, \"temperature\": 0, \"top_p\": 0.5, \"seed\": -9223372036854775808,"
                        + " \"stream\": true}");

        assertThat(request.sampling().maxTokens()).isEqualTo(5);
        assertThat(request.sampling().temperature()).isZero();
        assertThat(request.sampling().topP()).isEqualTo(0.5);
        assertThat(request.sampling().seed()).isEqualTo(Long.MIN_VALUE);
        assertThat(request.stream()).hasValue(true);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    ''                                     | the body must be a JSON object
                    '[1]'                                  | the body must be a JSON object
                    '{"prompt": "a"'                       | the body is not JSON
                    '{"prompt": "a"} x'                    | the body is not JSON
                    '{"prompt": "a", "prompt": "b"}'       | the body is not JSON
                    '{}'                                   | prompt must be there
                    '{"prompt": 7}'                        | prompt must be there
                    '{"prompt": "a", "max_tokens": 0}'     | max_tokens must be
                    '{"prompt": "a", "max_tokens": 1.5}'   | max_tokens must be
                    '{"prompt": "a", "max_tokens": 1e10}'  | max_tokens must be
                    '{"prompt": "a", "temperature": -1}'   | temperature must be from 0
                    '{"prompt": "a", "temperature": "1"}'  | temperature must be a number
                    '{"prompt": "a", "temperature": 1e99}' | temperature must be from 0
                    '{"prompt": "a", "top_p": 0}'          | top_p must be above 0
                    '{"prompt": "a", "top_p": 1.01}'       | top_p must be above 0
                    '{"prompt": "a", "seed": 1.5}'         | seed must be
                    '{"prompt": "a", "stream": 1}'         | stream must be true or false
                    '{"prompt": "a", "n": 2}'              | there is no member 'n'
                    """)
    void whatCannotBeIsRefusedByName(String body, String reason) {
        assertThatThrownBy(() -> parse(body == null ? "" : body))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reason);
    }

    @Test
    void aPromptOfTooManyCharactersIsNotEvenTokenized() {
        assertThatThrownBy(() -> parse("{\"prompt\": \"" + "a".repeat(65_537) + "\"}"))
                .hasMessage("prompt has 65537 characters, at most 65536 may be");
    }

    private static GenerateRequest parse(String body) {
        return GenerateRequest.parse(body.getBytes(StandardCharsets.UTF_8));
    }
}
