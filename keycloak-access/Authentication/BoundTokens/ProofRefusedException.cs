using KeycloakAccess.Hosting;
using Microsoft.IdentityModel.Tokens;

namespace KeycloakAccess.Authentication.BoundTokens;

/// <summary>
/// A request whose token is good and which is refused for how it comes with it: the code is the error of its challenge (RFC 6750, section
/// 3.1; RFC 9449, section 7.1). Nobody throws it.
/// </summary>
internal sealed class ProofRefusedException : SecurityTokenException
{
    public ProofRefusedException()
    {
    }

    public ProofRefusedException(string message)
        : base(message)
    {
    }

    public ProofRefusedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    public ProofRefusedException(string code, string message)
        : base(message) => Code = code;

    public string Code { get; } = ProblemCode.InvalidToken;
}
