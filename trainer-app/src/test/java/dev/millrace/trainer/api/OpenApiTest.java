package dev.millrace.trainer.api;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import java.io.IOException;
import java.io.InputStream;
import java.lang.annotation.Annotation;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// `META-INF/openapi.yaml`, held against the interface. That it is served at `/q/openapi` shows `TrainerGenerateIT`.
class OpenApiTest {
    private static final JsonNode DESCRIPTION = read();

    @Test
    void itNamesEveryRouteAndNoOther() {
        Set<String> described = new TreeSet<>();
        DESCRIPTION
                .get("paths")
                .properties()
                .forEach(path -> path.getValue()
                        .fieldNames()
                        .forEachRemaining(method -> described.add(method + " " + path.getKey())));

        Set<String> served = new TreeSet<>(Set.of("post " + GenerateRoute.PATH));
        Stream.of(ModelResource.class, LineageResource.class, EvaluationResource.class)
                .forEach(resource -> served.addAll(routes(resource)));
        assertThat(described).isEqualTo(served).hasSize(4);
    }

    private static Set<String> routes(Class<?> resource) {
        Set<String> routes = new TreeSet<>();
        for (Method method : resource.getDeclaredMethods()) {
            for (Annotation annotation : method.getAnnotations()) {
                HttpMethod verb = annotation.annotationType().getAnnotation(HttpMethod.class);
                if (verb != null) {
                    routes.add(verb.value().toLowerCase(Locale.ROOT) + " "
                            + resource.getAnnotation(Path.class).value());
                }
            }
        }
        return routes;
    }

    @Test
    void itNamesEveryMemberOfAPromptAndOfATextAndNoOther() {
        assertThat(properties("Prompt")).isEqualTo(new TreeSet<>(GenerateRequest.KEYS));
        assertThat(properties("Text")).isEqualTo(snakeCase(GenerateAnswer.class));
    }

    @Test
    void thePromptsThatItShowsAreTaken() throws IOException {
        JsonNode examples = DESCRIPTION.at("/paths/~1v1~1generate/post/requestBody/content/application~1json/examples");

        assertThat(examples).hasSize(2);
        for (Map.Entry<String, JsonNode> example : examples.properties()) {
            byte[] body =
                    new ObjectMapper().writeValueAsBytes(example.getValue().get("value"));
            assertThat(GenerateRequest.parse(body).prompt()).isEqualTo("Once upon");
        }
    }

    @Test
    void whatItRefersToIsThere() {
        assertThat(DESCRIPTION.findValuesAsText("$ref"))
                .isNotEmpty()
                .allSatisfy(reference -> assertThat(
                                DESCRIPTION.at(reference.substring(1)).isObject())
                        .as(reference)
                        .isTrue());
    }

    private static Set<String> properties(String schema) {
        Set<String> names = new TreeSet<>();
        DESCRIPTION
                .at("/components/schemas/" + schema + "/properties")
                .fieldNames()
                .forEachRemaining(names::add);
        return names;
    }

    private static Set<String> snakeCase(Class<? extends Record> type) {
        Set<String> names = new TreeSet<>();
        Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getName)
                .forEach(name -> names.add(name.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT)));
        return names;
    }

    private static JsonNode read() {
        try (InputStream yaml =
                Objects.requireNonNull(OpenApiTest.class.getResourceAsStream("/META-INF/openapi.yaml"))) {
            return new ObjectMapper(new YAMLFactory()).readTree(yaml);
        } catch (IOException e) {
            throw new IllegalStateException("the description is no YAML", e);
        }
    }
}
