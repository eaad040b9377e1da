using Deque.AxeCore.Commons;
using Microsoft.Playwright;

namespace Api.Tests.Infrastructure;

/// <summary>
/// axe, in the page itself. The package for Playwright opens a page more for each run, which takes several times as long as axe does.
/// </summary>
internal static class Axe
{
    private static readonly string Script = new BundledAxeScriptProvider().GetScript();

    /// <summary>A line for each rule that the page breaks, of the rules of these names or of all.</summary>
    public static async Task<string[]> FindViolationsAsync(IPage page, string[]? rules = null)
    {
        if (await page.EvaluateAsync<bool>("!window.axe"))
        {
            await page.EvaluateAsync(Script);
        }

        return await page.EvaluateAsync<string[]>(
            """
            rules => axe.run(document, { resultTypes: ['violations'], ...(rules && { runOnly: { type: 'rule', values: rules } }) })
                .then(found => found.violations.map(violation => `${violation.id}, ${violation.help} (${
                    violation.nodes.slice(0, 3).map(node => node.html).join(', ')})`))
            """,
            rules);
    }
}
