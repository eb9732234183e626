package dev.millrace.proof;

import java.util.List;
import java.util.Locale;

/// What came of a run that was killed.
///
/// @param kills in their order
/// @param starts of the killed run's trainer
/// @param records on the topic
/// @param poison of them that are no documents
/// @param repeatedLetters dead letters beyond one for each of these
/// @param steps of the undisturbed run
/// @param comparison of the killed run with the undisturbed one
/// @param problems all that differs from what is promised; empty where the proof holds
record CrashReport(
        List<Kill> kills,
        int starts,
        long records,
        long poison,
        long repeatedLetters,
        long steps,
        Comparison comparison,
        List<String> problems) {
    CrashReport {
        kills = List.copyOf(kills);
        problems = List.copyOf(problems);
    }

    /// One kill -9.
    ///
    /// @param resumedFrom the step of the checkpoint that the process began with
    /// @param step the last that it logged
    /// @param inside what it left of a checkpoint; empty where it was writing none
    record Kill(KillMoment moment, long resumedFrom, long step, String inside) {}

    long insideCheckpoints() {
        return kills.stream().filter(kill -> !kill.inside().isEmpty()).count();
    }

    String table() {
        LedgerAudit.Finding ledger = comparison.ledger();
        StringBuilder table = new StringBuilder();
        table.append(String.format(
                Locale.ROOT, "%n%4s  %-26s %12s %10s   %s%n", "kill", "moment", "resumed from", "at step", "inside"));
        for (int i = 0; i < kills.size(); i++) {
            Kill kill = kills.get(i);
            table.append(String.format(
                    Locale.ROOT,
                    "%4d  %-26s %,12d %,10d   %s%n",
                    i + 1,
                    kill.moment(),
                    kill.resumedFrom(),
                    kill.step(),
                    kill.inside()));
        }
        table.append(String.format(
                Locale.ROOT,
                """

                kills                      %,12d   inside the writing of a checkpoint: %,d
                resumes                    %,12d
                records on the topic       %,12d   of them no documents: %,d
                dead letters repeated      %,12d
                steps                      %,12d   done again: %,d
                documents trained once     %,12d
                duplicates                 %,12d
                gaps                       %,12d

                sha256 of the final weights
                  undisturbed  %s
                  killed       %s
                and of the optimizer's state
                  undisturbed  %s
                  killed       %s

                """,
                kills.size(),
                insideCheckpoints(),
                starts - 1,
                records,
                poison,
                repeatedLetters,
                steps,
                ledger.repeatedResults(),
                ledger.trainedOnce(),
                ledger.duplicates(),
                ledger.gaps(),
                comparison.weights().undisturbed(),
                comparison.weights().disturbed(),
                comparison.optimizer().undisturbed(),
                comparison.optimizer().disturbed()));
        if (problems.isEmpty()) {
            return table.append("Nothing differs.").toString();
        }
        table.append("FAILED:");
        problems.forEach(problem -> table.append("\n- ").append(problem));
        return table.toString();
    }
}
