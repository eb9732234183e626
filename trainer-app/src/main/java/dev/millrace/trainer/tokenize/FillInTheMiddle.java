package dev.millrace.trainer.tokenize;

/// Teaches a model to fill a gap (Bavarian et al., 2022): of a share of the documents, a stretch from the middle is
/// moved to the end. The order is that of DeepSeek-V3 (arXiv 2412.19437, section 4.1), prefix, suffix, middle (PSM):
/// `begin prefix hole suffix end middle`, within BOS and EOS. The document stays one, and loses nothing.
///
/// Where it is cut is drawn over the code points, evenly, so that no character is torn; each part is tokenized by
/// itself. Whether and where follows from seed, partition and offset (see [PlaceRandom]): a position within the tokens
/// of a document means the same when a run goes on.
final class FillInTheMiddle implements DocumentEncoder {
    private final DocumentTokenizer tokenizer;
    private final double rate;
    private final long seed;
    private final int[] begin;
    private final int[] hole;
    private final int[] end;

    private FillInTheMiddle(DocumentTokenizer tokenizer, TokenizerConfig.FillInTheMiddle settings, long seed) {
        this.tokenizer = tokenizer;
        this.rate = settings.rate();
        this.seed = seed;
        this.begin = token("begin", settings.begin());
        this.hole = token("hole", settings.hole());
        this.end = token("end", settings.end());
    }

    static FillInTheMiddle of(DocumentTokenizer tokenizer, TokenizerConfig.FillInTheMiddle settings, long seed) {
        return new FillInTheMiddle(tokenizer, settings, seed);
    }

    private int[] token(String setting, String name) {
        return new int[] {
            tokenizer
                    .specialToken(name)
                    .orElseThrow(() -> new IllegalArgumentException("millrace.tokenizer.fill-in-the-middle." + setting
                            + " = " + name + " is not among the added_tokens of "
                            + tokenizer.file()
                            + ": name those of this tokenizer, or set millrace.tokenizer.fill-in-the-middle.rate = 0"))
        };
    }

    @Override
    public int[] encode(String text, int partition, long offset) {
        PlaceRandom random = PlaceRandom.of(seed, partition, offset);
        if (random.uniform(0) >= rate) {
            return tokenizer.encode(text);
        }
        int characters = text.codePointCount(0, text.length());
        int one = random.below(characters + 1, 1);
        int other = random.below(characters + 1, 2);
        int from = text.offsetByCodePoints(0, Math.min(one, other));
        int to = text.offsetByCodePoints(from, Math.abs(one - other));
        return tokenizer.framed(
                begin,
                tokenizer.plain(text.substring(0, from)),
                hole,
                tokenizer.plain(text.substring(to)),
                end,
                tokenizer.plain(text.substring(from, to)));
    }
}
