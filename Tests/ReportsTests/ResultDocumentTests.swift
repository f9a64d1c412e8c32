import Datasets
import Reports
import Studies
import Testing

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

struct ResultDocumentTests {
    @Test func resultsAreTheDocumentInItsOrder() throws {
        let results = try studyResults([finishedRun("baseline", Scores(validation: [0.5, 0.75]))])
        let document = try results.document()
        #expect(try JSONDecoder().decode(StudyResults.self, from: Data(document.utf8)) == results)
        #expect(
            document.hasPrefix(
                """
                {
                  "study": "notebook",
                  "version": "1.2.3",
                  "dataset": {"name": "<digits>, \\"A & B\\"", "sha256": "\(smallDataset.sha256)"},
                  "workers": 2,
                  "wall_seconds": 12.5,
                  "validation_images": 2000,
                  "test_images": 2000,
                  "experiments": [
                    {
                      "name": "baseline",
                      "title": "Baseline",
                      "changes": "",
                      "parameters": \(results.experiments[0].parameters),
                      "parameter_change": 0,
                      "val_accuracy_change": 0.0,
                      "model": {"c1": 8, "c2": 16, "kernel_size": 3, "dropout": 0.0, "classes": 2, "height": 2, "width": 2},
                      "optimizer": {"name": "adam", "learning_rate": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-08},

                """))
        #expect(document.contains(#"{"epoch": 2, "train_loss": 0.25, "train_accuracy": 0.9375, "val_loss": 0.25, "val_accuracy": 0.75}"#))
    }
}
