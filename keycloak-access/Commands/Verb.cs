using System.CommandLine;

namespace KeycloakAccess.Commands;

internal sealed class Verb(string name, string description, Func<IServiceProvider, ParseResult, CancellationToken, Task<int>> run)
    : Command(name, description)
{
    public Task<int> RunAsync(IServiceProvider services, ParseResult line, CancellationToken cancellationToken) =>
        run(services, line, cancellationToken);
}
