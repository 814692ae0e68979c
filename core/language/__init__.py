"""Korean and English: message catalogues, morphemes, sentences. Only home of kiwipiepy and Babel."""
