using KeycloakAccess.Hosting;

namespace KeycloakAccess.Admin.Forms;

internal static class Reasons
{
    public static void Check(FormInput input, string name = "reason")
    {
        if (ReasonParameter.MistakeOf(input.Value(name)) is { } mistake)
        {
            input.Add(name, mistake);
        }
    }
}
