package dev.millrace.deployment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;

class StrictManifestsTest {
    private static final String POD = """
            apiVersion: v1
            kind: Pod
            metadata:
              name: one
            spec:
              containers:
                - name: main
                  image: busybox:1.37.0
                  securityContext:
                    readOnlyRootFilesystem: true
                  env:
                    - name: COUNT
                      value: "1"
            """;

    @Test
    void readsWhatIsRight() {
        assertThat(StrictManifests.read("pod.yaml", POD + "---\n" + POD)).hasSize(2);
    }

    @Test
    void refusesAMisspeltKeyDeepInside() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> StrictManifests.read("pod.yaml", POD.replace("RootFilesystem", "RootFileSystem")))
                .withMessageContaining("pod.yaml: v1/Pod one: ")
                .withMessageContaining("readOnlyRootFileSystem");
    }

    @Test
    void refusesANumberWhereAStringBelongs() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> StrictManifests.read("pod.yaml", POD.replace("\"1\"", "1")))
                .withMessageContaining("value");
    }

    @Test
    void refusesAStringWhereATruthValueBelongs() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> StrictManifests.read("pod.yaml", POD.replace(": true", ": \"true\"")))
                .withMessageContaining("readOnlyRootFilesystem");
    }

    @Test
    void refusesAKeyThatIsThereTwice() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> StrictManifests.read("pod.yaml", POD.replace("kind: Pod", "kind: Pod\nkind: Pod")))
                .withMessageContaining("kind");
    }

    @Test
    void refusesAKindThatIsNotListed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> StrictManifests.read("pod.yaml", POD.replace("kind: Pod", "kind: Secret")))
                .withMessage("pod.yaml: unknown kind v1/Secret");
    }
}
